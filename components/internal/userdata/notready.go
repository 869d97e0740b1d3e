package userdata

import "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"

// A node that lacks any of what it promised joins the cluster with a NodeConfig
// fragment of ours in /etc/eks/nodeadm.d, written by enclave-not-ready.
//
// Certain, from the sources: nodeadm merges the fragments over the user data, and
// appends their kubelet flags to those that are there (nodeadm, api/merge.go);
// of several --node-labels kubelet merges all, the last value of a key winning; of
// several --register-with-taints only the last counts (kubernetes, ConfigurationMap
// and taintsVar). So the label can be overridden but not removed, and the group's
// own taint has to be repeated. kubelet applies both only when it creates the Node
// object, and NodeRestriction forbids it to change taints afterwards: a node that
// fails a later boot keeps its label, and then only the missing CPUs or pages in
// its allocatable keep pods away. For the same reason the taint outlives a repair
// until somebody removes it or the node is replaced.
//
// Inferred, not seen on AWS: that EKS gives the labels and taints of a managed node
// group to the node as such flags only, so that nothing puts the label back later.
// Karpenter does put back the labels of its NodeClaim. The taint holds either way.
//
// Karpenter hands its own taints to kubelet in KubeletConfiguration, which the flag
// here replaces: ManagerTaint repeats the one that Karpenter misses (karpenter 1.14,
// nodeclaim/lifecycle/registration.go; provider-aws 1.15, bootstrap/nodeadm.go).

// notReady is what the script enclave-not-ready is rendered with.
type notReady struct {
	Label        string
	Taint        string // the group's own
	TaintKey     string // of the reason
	ManagerTaint string
}

func newNotReady(managerTaint string) notReady {
	return notReady{
		Label:        contract.NodeLabel + "=" + contract.NodeLabelNotReady,
		Taint:        contract.TaintKey + "=" + contract.TaintValue + ":" + contract.TaintEffect,
		TaintKey:     contract.NotReadyTaintKey,
		ManagerTaint: managerTaint,
	}
}
