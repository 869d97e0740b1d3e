package karpenter

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// NodePoolSpec is all that a NodePool depends on.
type NodePoolSpec struct {
	// NodeClass is the name of the EC2NodeClass.
	NodeClass pulumi.StringInput
	// Labels are those of the nodes. They are in the template, so that they count
	// before there is a node, and come again with every new one.
	Labels pulumi.StringMapInput
	Taint  Taint
	// Architecture is Kubernetes's name: amd64 or arm64.
	Architecture pulumi.StringInput
	// CapacityType is on-demand or spot.
	CapacityType  pulumi.StringInput
	InstanceTypes pulumi.StringArrayInput
	// MaxNodes is how many nodes there may be, and Slots how many enclaves each runs.
	MaxNodes, Slots pulumi.IntInput
	// ConsolidateAfter is how long a node must be empty before it goes.
	ConsolidateAfter pulumi.StringInput
	ExpireAfter      pulumi.StringInput
	// Budget is how many nodes may be replaced at a time, as a number or in per cent.
	Budget pulumi.StringInput
	Weight pulumi.IntInput // nil for none
}

// Taint is a taint of the nodes.
type Taint struct{ Key, Value, Effect string }

// NodePool is the spec of a NodePool that takes a node away only when no pod but
// those of DaemonSets is on it: WhenEmpty, since an enclave cannot be moved. What
// has drifted, such as nodes with an older user data, is replaced as the budget
// allows; Karpenter starts the new node first, and asks the pods'
// disruption budgets before it ends them.
func NodePool(s NodePoolSpec) pulumi.Map {
	spec := pulumi.Map{
		"disruption": pulumi.Map{
			"budgets":             pulumi.Array{pulumi.Map{"nodes": s.Budget}},
			"consolidateAfter":    s.ConsolidateAfter,
			"consolidationPolicy": pulumi.String("WhenEmpty"),
		},
		"limits": s.limits(),
		"template": pulumi.Map{
			"metadata": pulumi.Map{"labels": s.Labels},
			"spec": pulumi.Map{
				"expireAfter": s.ExpireAfter,
				"nodeClassRef": pulumi.Map{
					"group": pulumi.String(nodeClassGroup),
					"kind":  pulumi.String(NodeClassKind),
					"name":  s.NodeClass,
				},
				"requirements": s.requirements(),
				"taints": pulumi.Array{pulumi.Map{
					"effect": pulumi.String(s.Taint.Effect),
					"key":    pulumi.String(s.Taint.Key),
					"value":  pulumi.String(s.Taint.Value),
				}},
			},
		},
	}
	if s.Weight != nil {
		spec["weight"] = s.Weight
	}
	return spec
}

// limits bound the nodes twice. Karpenter 1.14 takes "nodes" off only between its
// rounds, so several pods at once would start as many nodes too many; slots it takes
// off within a round. A node that never registers its slots counts only as a node.
func (s NodePoolSpec) limits() pulumi.Map {
	slots := pulumi.All(s.MaxNodes, s.Slots).ApplyT(func(v []any) string {
		return strconv.Itoa(v[0].(int) * v[1].(int))
	}).(pulumi.StringOutput)
	return pulumi.Map{"nodes": pulumi.Sprintf("%d", s.MaxNodes), contract.ResourceEnclaves: slots}
}

func (s NodePoolSpec) requirements() pulumi.Array {
	one := func(v pulumi.StringInput) pulumi.StringArrayInput { return pulumi.StringArray{v} }
	return pulumi.Array{
		in("kubernetes.io/os", one(pulumi.String("linux"))),
		in("kubernetes.io/arch", one(s.Architecture)),
		in("karpenter.sh/capacity-type", one(s.CapacityType)),
		in(instanceTypeLabel, s.InstanceTypes),
	}
}

const instanceTypeLabel = "node.kubernetes.io/instance-type"

// in is a requirement that a label has one of the values.
func in(key string, values pulumi.StringArrayInput) pulumi.Map {
	return pulumi.Map{"key": pulumi.String(key), "operator": pulumi.String("In"), "values": values}
}
