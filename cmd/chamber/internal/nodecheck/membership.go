package nodecheck

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func (n *node) readyCondition() corev1.NodeCondition {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c
		}
	}
	return corev1.NodeCondition{Status: corev1.ConditionUnknown, Message: "kubelet has not reported yet"}
}

func (n *node) ready() bool { return n.readyCondition().Status == corev1.ConditionTrue }

func (n *node) checkReady() bool {
	c := n.readyCondition()
	if c.Status == corev1.ConditionTrue {
		return true
	}
	n.add(CheckReady, fmt.Sprintf("the node is not ready (%s): slots, CPUs and pages are not checked", sentence(c.Reason, c.Message)),
		fmt.Sprintf("look at `kubectl describe node %s` and at %s; if it stays so, %s", n.Name, n.console(), n.replace()))
	return false
}

func (n *node) taint(key string) *corev1.Taint {
	for i := range n.Spec.Taints {
		if n.Spec.Taints[i].Key == key {
			return &n.Spec.Taints[i]
		}
	}
	return nil
}

// failedOwnCheck tells whether the check that the user data made on the node, before
// it joined, has failed.
func (n *node) failedOwnCheck() bool {
	return n.taint(contract.NotReadyTaintKey) != nil || n.Labels[contract.NodeLabel] == contract.NodeLabelNotReady
}

func (n *node) checkLabel() {
	value, labelled := n.Labels[contract.NodeLabel]
	relabel := fmt.Sprintf("`kubectl label node %s %s=%s --overwrite`", n.Name, contract.NodeLabel, contract.NodeLabelValue)
	switch taint := n.taint(contract.NotReadyTaintKey); {
	case taint != nil:
		n.addOwnVerdict(taint.Value, relabel)
	case value == contract.NodeLabelValue:
	case value == contract.NodeLabelNotReady:
		n.add(CheckNotReady, fmt.Sprintf("the label %s is %q: the node failed its own check when it joined, and its taint %s, which had the reason, is gone", contract.NodeLabel, value, contract.NotReadyTaintKey),
			fmt.Sprintf("if somebody has repaired it, %s; else %s", relabel, n.replace()))
	case labelled:
		n.add(CheckLabel, fmt.Sprintf("the label %s is %q, and device plugin and chambers select %q", contract.NodeLabel, value, contract.NodeLabelValue),
			relabel+", and correct the labels of its node group for the nodes to come")
	case !n.pluginNeedsNoLabel():
		n.add(CheckLabel, fmt.Sprintf("the label %s is missing, on which device plugin and chambers select", contract.NodeLabel),
			relabel+", and give it to the node group for the nodes to come")
	}
}

// pluginNeedsNoLabel: on nodes that people label in their own way, the plugin
// selects on that.
func (n *node) pluginNeedsNoLabel() bool {
	return slices.ContainsFunc(n.plugins, func(pod corev1.Pod) bool {
		_, needs := pod.Spec.NodeSelector[contract.NodeLabel]
		return !needs
	})
}

// checkTaint wants exactly the taint that plugin and chambers tolerate. On nodes
// of people's own another taint may do its work.
func (n *node) checkTaint() {
	wanted := corev1.Taint{Key: contract.TaintKey, Value: contract.TaintValue, Effect: contract.TaintEffect}
	put := fmt.Sprintf("`kubectl taint node %s %s`", n.Name, wanted.ToString())
	others := false
	for _, taint := range n.Spec.Taints {
		if taint.Key != contract.TaintKey {
			others = others || keepsOut(taint)
			continue
		}
		if taint.Value != wanted.Value || taint.Effect != wanted.Effect {
			n.add(CheckTaint, fmt.Sprintf("the taint %s is not tolerated by device plugin and chambers, which expect %s", taint.ToString(), wanted.ToString()),
				fmt.Sprintf("`kubectl taint node %s %s-`, then %s, and correct the taints of its node group for the nodes to come", n.Name, taint.Key, put))
			return
		}
	}
	if n.taint(contract.TaintKey) == nil && (n.group() != "" || !others) {
		n.add(CheckTaint, fmt.Sprintf("the taint %s is missing: ordinary pods may come here and fill the little CPU and memory that is left", wanted.ToString()),
			put+", and give it to the node group for the nodes to come")
	}
}

// keepsOut leaves out the taints that Kubernetes puts on nodes for a time, and ours
// for broken nodes.
func keepsOut(taint corev1.Taint) bool {
	return taint.Effect != corev1.TaintEffectPreferNoSchedule && taint.Key != contract.NotReadyTaintKey &&
		!strings.HasPrefix(taint.Key, "node.kubernetes.io/") && !strings.HasPrefix(taint.Key, "node.cloudprovider.kubernetes.io/")
}
