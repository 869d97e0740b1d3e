package nodes

import (
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
)

const region = "eu-central-1"

// wanted is every node that should exist, by name. Names are addresses as EC2
// gives them, the same on every run; a new launch template version means a new
// instance and so a new name.
func wanted(all []group) map[string]*corev1.Node {
	nodes := map[string]*corev1.Node{}
	for _, g := range all {
		for i := range g.size {
			node := g.node(i)
			for salt := 0; nodes[node.Name] != nil || node.Name == ""; salt++ {
				node.Name = hostname(g, i, salt)
			}
			node.Labels[corev1.LabelHostname] = node.Name
			nodes[node.Name] = node
		}
	}
	return nodes
}

func hostname(g group, index, salt int) string {
	sum := fnv.New32a()
	_, _ = fmt.Fprintf(sum, "%s|%s|%d|%d", g.name, g.template, index, salt)
	n := sum.Sum32()
	return fmt.Sprintf("ip-10-0-%d-%d.%s.compute.internal", n>>8%254, 4+n%250, region)
}

// node is the object that kubelet would register.
func (g group) node(index int) *corev1.Node {
	labels := map[string]string{
		corev1.LabelArchStable:           g.arch(),
		corev1.LabelOSStable:             "linux",
		corev1.LabelInstanceTypeStable:   g.instanceType,
		corev1.LabelTopologyRegion:       region,
		corev1.LabelTopologyZone:         region + string(rune('a'+index%2)),
		"eks.amazonaws.com/nodegroup":    g.name,
		"eks.amazonaws.com/capacityType": "ON_DEMAND",
		ownerLabel:                       g.name,
	}
	maps.Copy(labels, g.labels)
	annotations := map[string]string{
		controlplane.NodeAnnotation: controlplane.NodeAnnotationValue,
		templateAnnotation:          g.template,
		offlineAnnotation:           strconv.Itoa(g.machine.OfflineCPUs),
	}
	if g.machine.Refused != "" {
		annotations[refusedAnnotation] = g.machine.Refused
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations},
		Spec:       corev1.NodeSpec{Taints: g.taints},
		Status: corev1.NodeStatus{
			Capacity: g.machine.Capacity(), Allocatable: g.machine.Allocatable(),
			NodeInfo: corev1.NodeSystemInfo{Architecture: g.arch(), OperatingSystem: "linux"},
		},
	}
}

func (g group) arch() string {
	if g.machine.Shape.ARM {
		return "arm64"
	}
	return "amd64"
}

func ready(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
