package nodecheck

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func podName(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

func comparePods(a, b corev1.Pod) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// alive leaves out pods that have ended or are about to: a DaemonSet has replaced
// them, or will.
func alive(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}

func isChamber(pod *corev1.Pod) bool { return pod.Labels[contract.LabelName] == contract.AppName }

// isPlugin knows the component's pods by their label, and those of AWS's manifest
// and chart by their image.
func isPlugin(pod *corev1.Pod) bool {
	return pod.Labels[contract.LabelName] == contract.DevicePluginName || pluginContainer(pod) != nil
}

// pluginContainer is the container with the device plugin's image, nil when there
// is none.
func pluginContainer(pod *corev1.Pod) *corev1.Container {
	for i := range pod.Spec.Containers {
		if strings.Contains(pod.Spec.Containers[i].Image, contract.DevicePluginName) {
			return &pod.Spec.Containers[i]
		}
	}
	return nil
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}

// unscheduled are the chambers' pods that the scheduler found no node for.
func unscheduled(pods []corev1.Pod) []corev1.Pod {
	var all []corev1.Pod
	for i := range pods {
		if pod := &pods[i]; isChamber(pod) && alive(pod) && schedulerMessage(pod) != "" {
			all = append(all, *pod)
		}
	}
	slices.SortFunc(all, comparePods)
	return all
}

// schedulerMessage says why a pod is on no node; "" when the scheduler has not
// spoken.
func schedulerMessage(pod *corev1.Pod) string {
	if c := condition(pod, corev1.PodScheduled); c.Status == corev1.ConditionFalse {
		return cmp.Or(c.Message, c.Reason)
	}
	return ""
}

// meantFor tells whether a pod of a DaemonSet waits for this node: its controller
// pins it there by the node's name.
func meantFor(pod *corev1.Pod, node string) bool {
	affinity := pod.Spec.Affinity
	if pod.Spec.NodeName != "" || affinity == nil || affinity.NodeAffinity == nil {
		return false
	}
	required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return false
	}
	for _, term := range required.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == "metadata.name" && slices.Contains(field.Values, node) {
				return true
			}
		}
	}
	return false
}

// selects tells whether the pod's node selector is met by the labels.
func selects(pod *corev1.Pod, labels map[string]string) bool {
	for key, value := range pod.Spec.NodeSelector {
		if have, ok := labels[key]; !ok || have != value {
			return false
		}
	}
	return true
}

func tolerates(pod *corev1.Pod, taint corev1.Taint) bool {
	return slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool {
		return (t.Effect == "" || t.Effect == taint.Effect) && (t.Key == "" || t.Key == taint.Key) &&
			(t.Operator == corev1.TolerationOpExists || (t.Operator == "" || t.Operator == corev1.TolerationOpEqual) && t.Value == taint.Value)
	})
}
