// Package karpenter builds the objects with which Karpenter makes enclave nodes:
// an EC2NodeClass, a NodePool and a NodeOverlay for each instance type. They are
// pure functions of what they depend on; the CRDs of Karpenter 1.15 accept what
// they return, which the local stack tests against the real API server.
//
// Facts about Karpenter are from the sources of sigs.k8s.io/karpenter and
// github.com/aws/karpenter-provider-aws, 1.14 and 1.15.
package karpenter

// API versions and kinds.
const (
	NodeClassVersion = "karpenter.k8s.aws/v1"
	NodeClassKind    = "EC2NodeClass"
	NodePoolVersion  = "karpenter.sh/v1"
	NodePoolKind     = "NodePool"
	OverlayVersion   = "karpenter.sh/v1alpha1"
	OverlayKind      = "NodeOverlay"

	nodeClassGroup = "karpenter.k8s.aws"
)

// NodePoolLabel is the label that Karpenter gives to the nodes of a NodePool.
const NodePoolLabel = "karpenter.sh/nodepool"

// DoNotDisruptAnnotation keeps Karpenter from ending a node of its own accord while
// a pod with it runs there.
const DoNotDisruptAnnotation = "karpenter.sh/do-not-disrupt"

// UnregisteredTaint is on every node of Karpenter's from its first moment until
// Karpenter has put labels and taints on it. It gives the taint to kubelet in the
// configuration file, where a flag of ours would replace it.
const UnregisteredTaint = "karpenter.sh/unregistered:NoExecute"
