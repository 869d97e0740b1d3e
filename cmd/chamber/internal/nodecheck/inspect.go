package nodecheck

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// Inspect examines every enclave node of the cluster. A finding that follows from
// another one of the same node is left out.
func Inspect(c Cluster) Result {
	nodes := enclaveNodes(c)
	for _, n := range nodes {
		n.examine()
	}
	checkGroups(nodes)
	waiting := unscheduled(c.Pods)
	checkPods(nodes, waiting)

	result := Result{Nodes: make([]Report, 0, len(nodes)), WaitingPods: make([]WaitingPod, 0, len(waiting))}
	for _, n := range nodes {
		result.Nodes = append(result.Nodes, n.report())
	}
	for i := range waiting {
		result.WaitingPods = append(result.WaitingPods, WaitingPod{Pod: podName(&waiting[i]), Message: schedulerMessage(&waiting[i])})
	}
	return result
}

// examine makes the checks that need no other node. What kubelet says of a node
// that is not ready may be long over, and a node that failed its own check has said
// already what is missing.
func (n *node) examine() {
	ready := n.checkReady()
	n.checkLabel()
	n.checkTaint()
	if !ready || n.failedOwnCheck() {
		return
	}
	running := n.checkPlugin()
	if running {
		n.checkSlots()
		n.checkCPUs()
	}
	n.checkPages()
	n.checkHost()
	n.sound = running && n.slots() > 0 && n.enclaveCPUs() > 0 && !n.found(CheckSlots, CheckCPUs, CheckPages)
}

// EnclaveNode tells whether a node is one for enclaves, or was meant to be one: it
// has the label, the taint or the resources, right or wrong.
func EnclaveNode(n *corev1.Node) bool {
	for _, key := range []string{contract.NodeLabel, contract.NodeGroupLabel} {
		if _, ok := n.Labels[key]; ok {
			return true
		}
	}
	for _, taint := range n.Spec.Taints {
		if taint.Key == contract.TaintKey || taint.Key == contract.NotReadyTaintKey {
			return true
		}
	}
	for _, name := range []corev1.ResourceName{contract.ResourceEnclaves, contract.ResourceEnclaveCPUs} {
		if _, ok := n.Status.Capacity[name]; ok {
			return true
		}
	}
	return false
}

func enclaveNodes(c Cluster) []*node {
	var plugins []corev1.Pod
	for i := range c.Pods {
		if isPlugin(&c.Pods[i]) && alive(&c.Pods[i]) {
			plugins = append(plugins, c.Pods[i])
		}
	}
	slices.SortFunc(plugins, comparePods)
	var nodes []*node
	for i := range c.Nodes {
		if EnclaveNode(&c.Nodes[i]) {
			nodes = append(nodes, newNode(&c.Nodes[i], plugins, c.Pods))
		}
	}
	slices.SortFunc(nodes, func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.group(), b.group()), cmp.Compare(a.Name, b.Name))
	})
	return nodes
}
