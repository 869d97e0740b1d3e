package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// expectScaleFromZero: of the tags in the account, Cluster Autoscaler makes a node
// that takes as many of the cluster's own chamber pods as the group has slots, and
// not one more. Without that it would never start a first node, or too few.
func expectScaleFromZero(t *testing.T, slots int64) {
	t.Helper()
	account, err := awsstate.Load(local.Account())
	if err != nil {
		t.Fatal(err)
	}
	pod := chamberPod(t, "signers")
	groups := account.OfType("aws:eks/nodeGroup:NodeGroup")
	if len(groups) != 1 {
		t.Fatalf("the account has %d node groups", len(groups))
	}
	for _, group := range groups {
		node := templateNode(account, group)
		for key, value := range pod.Spec.NodeSelector {
			if node.Labels[key] != value {
				t.Errorf("the pod wants the label %s=%s, and the template has %v", key, value, node.Labels)
			}
		}
		for _, taint := range node.Spec.Taints {
			if !tolerates(pod, taint) {
				t.Errorf("the pod does not tolerate %+v", taint)
			}
		}
		if len(node.Spec.Taints) == 0 {
			t.Error("the template has no taint, so ordinary pods would start nodes too")
		}
		if !fit(node, pod, slots) || fit(node, pod, slots+1) {
			t.Errorf("not exactly %d pods with %v fit on %v", slots, requests(pod), node.Status.Allocatable)
		}
	}
}

// chamberPod is one of the chamber's pods.
func chamberPod(t *testing.T, namespace string) corev1.Pod {
	t.Helper()
	list, err := client(t).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 {
		t.Fatal("there is no pod in " + namespace)
	}
	return list.Items[0]
}

// templateNode is what buildNodeFromTemplate in cluster-autoscaler's
// cloudprovider/aws/aws_manager.go makes of an Auto Scaling group's tags and of
// those of its managed node group, which come last. What the autoscaler knows of
// the instance type is left out: the tags must say everything that a pod asks for.
func templateNode(account *awsstate.State, group awsstate.Resource) corev1.Node {
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{}}}
	node.Status.Allocatable = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
	for key, value := range groupTags(account, group) {
		readResource(&node, key, value)
		if name := tagged(key, "label"); name != "" {
			node.Labels[name] = value
		}
		readTaint(&node, key, value)
	}
	for key, value := range texts(group.Inputs["tags"]) {
		readResource(&node, key, value)
	}
	return node
}

// groupTags are the tags of a node group's Auto Scaling group.
func groupTags(account *awsstate.State, group awsstate.Resource) map[string]string {
	resources := group.Outputs["resources"].([]any)[0].(map[string]any)
	name := resources["autoscalingGroups"].([]any)[0].(map[string]any)["name"]
	tags := map[string]string{}
	for _, r := range account.OfType("aws:autoscaling/tag:Tag") {
		if r.Inputs["autoscalingGroupName"] == name {
			tag := texts(r.Inputs["tag"])
			tags[tag["key"]] = tag["value"]
		}
	}
	return tags
}

func readResource(node *corev1.Node, key, value string) {
	name := tagged(key, "resources")
	if quantity, err := resource.ParseQuantity(value); err == nil && name != "" {
		node.Status.Allocatable[corev1.ResourceName(name)] = quantity
	}
}

func readTaint(node *corev1.Node, key, value string) {
	name := tagged(key, "taint")
	if known := regexp.MustCompile(`:(NoSchedule|NoExecute|PreferNoSchedule)`); name == "" || !known.MatchString(value) {
		return // silently, as the autoscaler does
	}
	text, effect, _ := strings.Cut(value, ":")
	node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: name, Value: text, Effect: corev1.TaintEffect(effect)})
}

// tagged is what a tag of the template is about, or "".
func tagged(key, kind string) string {
	_, name, _ := strings.Cut(key, "k8s.io/cluster-autoscaler/node-template/"+kind+"/")
	return name
}

func tolerates(pod corev1.Pod, taint corev1.Taint) bool {
	return slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool {
		return t.Key == taint.Key && t.Value == taint.Value && t.Effect == taint.Effect
	})
}

// requests are what the scheduler counts for a pod without init containers.
func requests(pod corev1.Pod) corev1.ResourceList {
	sum := corev1.ResourceList{}
	for _, container := range pod.Spec.Containers {
		for name, quantity := range container.Resources.Requests {
			total := sum[name]
			total.Add(quantity)
			sum[name] = total
		}
	}
	return sum
}

// fit tells whether a node without other pods takes so many of this one.
func fit(node corev1.Node, pod corev1.Pod, count int64) bool {
	for name, quantity := range requests(pod) {
		total := quantity.DeepCopy()
		total.Mul(count)
		if has := node.Status.Allocatable[name]; total.Cmp(has) > 0 {
			return false
		}
	}
	return true
}

// texts are the texts in an object of the account.
func texts(v any) map[string]string {
	found := map[string]string{}
	fields, _ := v.(map[string]any)
	for key, value := range fields {
		found[key], _ = value.(string)
	}
	return found
}
