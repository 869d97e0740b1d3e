// Package karpenter runs Karpenter's core on a control plane of the local stack,
// with a cloud provider that needs no cloud (tests/tools/karpenter): it makes a
// Node for every NodeClaim, and kwok plays it.
//
// Scheduling, NodeOverlays and disruption are Karpenter's own code. What is not
// here is AWS: EC2NodeClasses have a definition, but nobody acts on them, so
// NodePools for this Karpenter refer to a KWOKNodeClass. A Node gets what its
// NodeClaim asks for of extended resources, not what the overlay promises.
package karpenter
