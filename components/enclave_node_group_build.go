package components

import (
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// nodeGroupBuilder registers the children of an EnclaveNodeGroup.
type nodeGroupBuilder struct {
	ctx   *pulumi.Context
	name  string
	args  *EnclaveNodeGroupArgs
	plan  nodePlan
	group *EnclaveNodeGroup
}

func (b *nodeGroupBuilder) build() error {
	role, attached, err := b.nodeRole()
	if err != nil {
		return err
	}
	template, err := b.launchTemplate()
	if err != nil {
		return err
	}
	nodes, err := b.managedNodeGroup(role, template, attached)
	if err != nil {
		return err
	}
	b.group.Capacity = b.capacity()
	b.group.NodeGroupName = nodes.NodeGroupName
	b.group.NodeGroupARN = nodes.Arn
	b.group.AutoScalingGroupNames = autoScalingGroups(nodes)
	b.group.LaunchTemplateID = template.ID().ToStringOutput()
	b.group.NodeRoleARN = role
	b.group.ClusterAutoscalerPolicy = b.autoscalerPolicy()
	return b.autoscalerTags()
}

// parent is the option that every child has. It makes them inherit the
// component's providers, protection and transforms.
func (b *nodeGroupBuilder) parent() pulumi.ResourceOption { return pulumi.Parent(b.group) }

func (b *nodeGroupBuilder) cluster() ClusterOutput { return b.args.Cluster.ToClusterOutput() }

func (b *nodeGroupBuilder) tags() pulumi.StringMapOutput {
	return mapOr(b.args.Tags).ToStringMapOutput()
}

// labels are the node labels: the device plugin's, then the user's.
func (b *nodeGroupBuilder) labels() pulumi.StringMapOutput {
	return mapOr(b.args.Labels).ToStringMapOutput().ApplyT(func(given map[string]string) map[string]string {
		labels := b.ownLabels()
		maps.Copy(labels, given)
		return labels
	}).(pulumi.StringMapOutput)
}

// ownLabels are the labels that pods select these nodes by, and no others.
func (b *nodeGroupBuilder) ownLabels() map[string]string {
	return map[string]string{contract.NodeLabel: contract.NodeLabelValue, contract.NodeGroupLabel: b.name}
}

// capacity is what the plan promises, together with how to get onto the nodes.
func (b *nodeGroupBuilder) capacity() CapacityOutput {
	return pulumi.All(b.plan.sizing, b.plan.scaling).ApplyT(func(v []any) Capacity {
		plan, nodes := v[0].(sizing).plan, v[1].(scaling)
		hugepages := map[string]string{}
		for _, pages := range plan.EnclavePages {
			hugepages[pages.Size.Resource()] = pages.Quantity()
		}
		return Capacity{
			Slots:            plan.Slots,
			Nodes:            nodes.certain(b.args.autoscaled()),
			MaxNodes:         &nodes.high,
			EnclaveCPUs:      plan.Request.Enclave.CPUs,
			EnclaveMemoryMiB: plan.Request.Enclave.MemoryMiB,
			EnclaveHugepages: hugepages,
			NodeResources:    plan.NodeResources(),
			NodeLabels:       b.ownLabels(),
			TaintKey:         new(contract.TaintKey),
			TaintValue:       new(contract.TaintValue),
			TaintEffect:      new(contract.TaintEffect),
		}
	}).(CapacityOutput)
}

func autoScalingGroups(nodes *eks.NodeGroup) pulumi.StringArrayOutput {
	return nodes.Resources.ApplyT(func(resources []eks.NodeGroupResource) []string {
		var names []string
		for _, r := range resources {
			for _, g := range r.AutoscalingGroups {
				names = append(names, deref(g.Name))
			}
		}
		return names
	}).(pulumi.StringArrayOutput)
}
