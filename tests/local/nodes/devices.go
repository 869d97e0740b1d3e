package nodes

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The resources of AWS's device plugin. They are written out here and not taken
// from the product, which has to use the same names.
const (
	slotResource = "aws.ec2.nitro/nitro_enclaves"
	cpuResource  = "aws.ec2.nitro/nitro_enclaves_cpus"

	pluginImage = "aws-nitro-enclaves-k8s-device-plugin"
	mostSlots   = 4
)

// advertised is what the device plugin's pods on a node report; nil when none of
// them runs.
func advertised(node *corev1.Node, pods []corev1.Pod) corev1.ResourceList {
	for i := range pods {
		pod := &pods[i]
		if pod.Spec.NodeName != node.Name || pod.Status.Phase != corev1.PodRunning || !ofDaemonSet(pod) {
			continue
		}
		for _, container := range pod.Spec.Containers {
			if strings.Contains(container.Image, pluginImage) {
				return devices(container.Env, node.Annotations[offlineAnnotation])
			}
		}
	}
	return nil
}

func ofDaemonSet(pod *corev1.Pod) bool {
	for _, owner := range pod.OwnerReferences {
		if owner.Kind == "DaemonSet" {
			return true
		}
	}
	return false
}

// devices follows the plugin (0.4.1): a number of slots that it cannot read or
// that is out of range becomes 4, and it never looks for the device itself.
func devices(env []corev1.EnvVar, offline string) corev1.ResourceList {
	values := map[string]string{}
	for _, variable := range env {
		values[variable.Name] = variable.Value
	}
	slots, err := strconv.Atoi(values["MAX_ENCLAVES_PER_NODE"])
	if err != nil || slots < 1 || slots > mostSlots {
		slots = mostSlots
	}
	list := corev1.ResourceList{slotResource: *resource.NewQuantity(int64(slots), resource.DecimalSI)}
	if cpus, _ := strconv.ParseBool(values["ENCLAVE_CPU_ADVERTISEMENT"]); cpus {
		count, _ := strconv.ParseInt(offline, 10, 64)
		list[cpuResource] = *resource.NewQuantity(count, resource.DecimalSI)
	}
	return list
}

// withDevices returns the status that kubelet would report, and whether it
// differs from the node's. A plugin that is gone leaves its resources at none
// allocatable, as kubelet does.
func withDevices(node *corev1.Node, list corev1.ResourceList) (status corev1.NodeStatus, changed bool) {
	status = *node.Status.DeepCopy()
	for _, name := range []corev1.ResourceName{slotResource, cpuResource} {
		quantity, offered := list[name]
		_, known := node.Status.Capacity[name]
		if !offered && !known {
			continue
		}
		if offered {
			changed = set(status.Capacity, name, quantity) || changed
		}
		changed = set(status.Allocatable, name, quantity) || changed
	}
	return status, changed
}

func set(list corev1.ResourceList, name corev1.ResourceName, quantity resource.Quantity) bool {
	before, there := list[name]
	list[name] = quantity
	return !there || before.Cmp(quantity) != 0
}
