package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*EnclaveNodeGroup)(nil)

// EnclaveNodeGroup is a group of EKS nodes whose CPUs and hugepages are set
// aside for Nitro Enclaves before kubelet starts.
type EnclaveNodeGroup struct {
	pulumi.ResourceState

	// Capacity is what the nodes offer. It is known in previews, and goes into
	// DevicePlugin and ContainmentChamber.
	Capacity CapacityOutput `pulumi:"capacity"`
	// NodeGroupName is the name of the EKS managed node group.
	NodeGroupName pulumi.StringOutput `pulumi:"nodeGroupName"`
	// NodeGroupARN is the ARN of the EKS managed node group.
	NodeGroupARN pulumi.StringOutput `pulumi:"nodeGroupArn"`
	// AutoScalingGroupNames are the names of the group's Auto Scaling groups.
	AutoScalingGroupNames pulumi.StringArrayOutput `pulumi:"autoScalingGroupNames"`
	// LaunchTemplateID is the id of the launch template.
	LaunchTemplateID pulumi.StringOutput `pulumi:"launchTemplateId"`
	// NodeRoleARN is the IAM role of the nodes, from which PCR3 is computed.
	NodeRoleARN pulumi.StringOutput `pulumi:"nodeRoleArn"`
	// ClusterAutoscalerPolicy is an IAM policy for the role of Cluster Autoscaler.
	// One is enough for all groups of the cluster.
	ClusterAutoscalerPolicy pulumi.StringOutput `pulumi:"clusterAutoscalerPolicy"`
}

// Annotate describes the component in the schema.
func (g *EnclaveNodeGroup) Annotate(a infer.Annotator) {
	a.Describe(&g, "A group of EKS nodes whose CPUs and hugepages are set aside for Nitro Enclaves before kubelet starts: launch template, managed node group, node role, label and taint, and on request the tags for Cluster Autoscaler.")
	a.Describe(&g.Capacity, "What the nodes offer, known already in previews. Pass it to DevicePlugin and ContainmentChamber.")
	a.Describe(&g.NodeGroupName, "Name of the EKS managed node group.")
	a.Describe(&g.NodeGroupARN, "ARN of the EKS managed node group.")
	a.Describe(&g.AutoScalingGroupNames, "Names of the group's Auto Scaling groups.")
	a.Describe(&g.LaunchTemplateID, "Id of the launch template.")
	a.Describe(&g.NodeRoleARN, "IAM role of the nodes. PCR3 of every enclave on them is computed from it.")
	a.Describe(&g.ClusterAutoscalerPolicy, "IAM policy document (JSON) for the role of Cluster Autoscaler: it may read, and change only the Auto Scaling groups with the cluster's tag. One is enough for all groups of the cluster.")
}

// NewEnclaveNodeGroup creates an EnclaveNodeGroup. It returns all faults of its
// arguments together, before anything is registered.
func NewEnclaveNodeGroup(ctx *pulumi.Context, name string, args *EnclaveNodeGroupArgs, opts ...pulumi.ResourceOption) (*EnclaveNodeGroup, error) {
	if args == nil {
		args = &EnclaveNodeGroupArgs{}
	}
	plan, err := args.check(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	group := &EnclaveNodeGroup{}
	if err := ctx.RegisterComponentResource(tokenPrefix+"EnclaveNodeGroup", name, group, opts...); err != nil {
		return nil, err
	}
	b := &nodeGroupBuilder{ctx: ctx, name: name, args: args, plan: plan, group: group}
	if err := b.build(); err != nil {
		return nil, err
	}
	return group, ctx.RegisterResourceOutputs(group, pulumi.Map{
		"capacity":                group.Capacity,
		"nodeGroupName":           group.NodeGroupName,
		"nodeGroupArn":            group.NodeGroupARN,
		"autoScalingGroupNames":   group.AutoScalingGroupNames,
		"launchTemplateId":        group.LaunchTemplateID,
		"nodeRoleArn":             group.NodeRoleARN,
		"clusterAutoscalerPolicy": group.ClusterAutoscalerPolicy,
	})
}
