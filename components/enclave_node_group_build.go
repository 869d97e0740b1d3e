package components

import (
	"maps"

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
	if err := b.checkKarpenter(); err != nil {
		return err
	}
	role, attached, err := b.nodeRole()
	if err != nil {
		return err
	}
	b.outputs(role)
	if b.args.Karpenter != nil {
		return b.karpenterNodes(role, attached)
	}
	return b.managedNodes(role, attached)
}

// outputs sets those that both kinds of nodes have, and makes the others empty.
func (b *nodeGroupBuilder) outputs(role pulumi.StringOutput) {
	none := pulumi.String("").ToStringOutput()
	b.group.Capacity = b.capacity()
	b.group.NodeRoleARN = role
	b.group.ClusterAutoscalerPolicy = b.autoscalerPolicy()
	b.group.NodeGroupName, b.group.NodeGroupARN, b.group.LaunchTemplateID = none, none, none
	b.group.AutoScalingGroupNames = pulumi.StringArray{}.ToStringArrayOutput()
	b.group.NodePoolName, b.group.KarpenterPolicy = none, none
}

// parent is the option that every child has. It makes them inherit the
// component's providers, protection and transforms.
func (b *nodeGroupBuilder) parent() pulumi.ResourceOption { return pulumi.Parent(b.group) }

func (b *nodeGroupBuilder) cluster() ClusterOutput { return b.args.Cluster.ToClusterOutput() }

func (b *nodeGroupBuilder) clusterName() pulumi.StringOutput {
	return b.cluster().ApplyT(func(c Cluster) string { return c.Name }).(pulumi.StringOutput)
}

func (b *nodeGroupBuilder) tags() pulumi.StringMapOutput {
	return mapOr(b.args.Tags).ToStringMapOutput()
}

// namedTags are the tags of instances and their volumes, with a name to find them by.
func (b *nodeGroupBuilder) namedTags() pulumi.StringMapOutput {
	return b.tags().ApplyT(func(given map[string]string) map[string]string {
		tags := map[string]string{"Name": b.name}
		maps.Copy(tags, given)
		return tags
	}).(pulumi.StringMapOutput)
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
		size, nodes := v[0].(sizing), v[1].(scaling)
		plan := size.plan
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
			NodeResources:    size.nodeResources(),
			NodeLabels:       b.ownLabels(),
			TaintKey:         new(contract.TaintKey),
			TaintValue:       new(contract.TaintValue),
			TaintEffect:      new(contract.TaintEffect),
		}
	}).(CapacityOutput)
}
