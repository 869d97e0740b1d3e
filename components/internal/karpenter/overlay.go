package karpenter

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// OverlaySpec is all that a NodeOverlay depends on.
type OverlaySpec struct {
	// NodePool is the name of the pool whose nodes have the capacity. Without it
	// Karpenter would launch nodes of other pools for enclave pods, which have none.
	NodePool     pulumi.StringInput
	InstanceType pulumi.StringInput
	// Capacity are the resources that EC2 does not know of, by name.
	Capacity pulumi.StringMapInput
	// Weight decides between overlays that give the same resource to the same type.
	// Two of one weight are a conflict, and Karpenter takes neither.
	Weight int
}

// Overlay is the spec of a NodeOverlay, from which Karpenter knows what a node
// offers before there is one.
func Overlay(s OverlaySpec) pulumi.Map {
	return pulumi.Map{
		"capacity": s.Capacity,
		"requirements": pulumi.Array{
			in(NodePoolLabel, pulumi.StringArray{s.NodePool}),
			in(instanceTypeLabel, pulumi.StringArray{s.InstanceType}),
		},
		"weight": pulumi.Int(s.Weight),
	}
}

// OverlayCapacity is what a NodeOverlay may say of a node's resources: all but the
// four that Karpenter computes itself and its CRD refuses.
func OverlayCapacity(resources map[string]string) map[string]string {
	capacity := map[string]string{}
	for name, quantity := range resources {
		switch name {
		case "cpu", "memory", "ephemeral-storage", "pods":
		default:
			capacity[name] = quantity
		}
	}
	return capacity
}
