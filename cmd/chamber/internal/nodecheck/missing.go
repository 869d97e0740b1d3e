package nodecheck

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// addMissingPlugin says why no device plugin is on the node, as far as its pods
// elsewhere tell. A wrong label, reported already, explains it well enough.
func (n *node) addMissingPlugin() {
	if i := slices.IndexFunc(n.everywhere, func(pod corev1.Pod) bool { return meantFor(&pod, n.Name) }); i >= 0 {
		pod := &n.everywhere[i]
		n.add(CheckPlugin, fmt.Sprintf("the device plugin %s waits for this node: %s", podName(pod), schedulerMessage(pod)),
			"make room for it: move pods away that are not for enclaves, or use a larger instance type")
		return
	}
	if n.found(CheckLabel) {
		return
	}
	if pod, taint := n.refusedPlugin(); pod != nil {
		n.add(CheckPlugin, fmt.Sprintf("no device plugin runs here: that of %s does not tolerate this node's taint %s", podName(pod), taint.ToString()),
			"give its DaemonSet a toleration for the taint")
		return
	}
	seen := "no device plugin runs here, and none runs on another enclave node"
	if len(n.everywhere) > 0 {
		seen = fmt.Sprintf("no device plugin runs here, and those on other nodes, such as %s, select other nodes", podName(&n.everywhere[0]))
		if slices.ContainsFunc(n.everywhere, func(pod corev1.Pod) bool { return selects(&pod, n.Labels) }) {
			seen = fmt.Sprintf("no device plugin runs here, although that of %s selects this node", podName(&n.everywhere[0]))
		}
	}
	n.add(CheckPlugin, seen,
		"see `kubectl get daemonsets --all-namespaces` for a DaemonSet that wants this node, and give the node group a DevicePlugin of its own if there is none")
}

// refusedPlugin is a device plugin that would be on the node but for a taint.
func (n *node) refusedPlugin() (*corev1.Pod, corev1.Taint) {
	for i := range n.everywhere {
		pod := &n.everywhere[i]
		if !selects(pod, n.Labels) {
			continue
		}
		for _, taint := range n.Spec.Taints {
			if keepsOut(taint) && !tolerates(pod, taint) {
				return pod, taint
			}
		}
	}
	return nil, corev1.Taint{}
}
