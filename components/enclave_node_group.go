package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*EnclaveNodeGroup)(nil)

// EnclaveNodeGroup is a group of EKS nodes whose CPUs and hugepages are set
// aside for Nitro Enclaves before kubelet starts. The nodes are those of a managed
// node group, or Karpenter's.
type EnclaveNodeGroup struct {
	pulumi.ResourceState

	// Capacity is what the nodes offer. It is known in previews, and goes into
	// DevicePlugin and ContainmentChamber.
	Capacity CapacityOutput `pulumi:"capacity"`
	// NodeGroupName is the name of the EKS managed node group; empty with Karpenter,
	// as the next three are.
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
	// NodePoolName is the name of Karpenter's NodePool; empty without Karpenter.
	NodePoolName pulumi.StringOutput `pulumi:"nodePoolName"`
	// KarpenterPolicy is an IAM policy for the role of Karpenter's controller, which
	// must pass the nodes' role on; empty without Karpenter.
	KarpenterPolicy pulumi.StringOutput `pulumi:"karpenterPolicy"`
}

// Annotate describes the component in the schema.
func (g *EnclaveNodeGroup) Annotate(a infer.Annotator) {
	a.Describe(&g, "A group of EKS nodes whose CPUs and hugepages are set aside for Nitro Enclaves before kubelet starts: launch template, managed node group, node role, label and taint, and on request the tags for Cluster Autoscaler; or with Karpenter an EC2NodeClass, a NodePool and NodeOverlays.")
	a.Describe(&g.Capacity, "What the nodes offer, known already in previews. Pass it to DevicePlugin and ContainmentChamber.")
	a.Describe(&g.NodeGroupName, "Name of the EKS managed node group. Empty with Karpenter.")
	a.Describe(&g.NodeGroupARN, "ARN of the EKS managed node group. Empty with Karpenter.")
	a.Describe(&g.AutoScalingGroupNames, "Names of the group's Auto Scaling groups. None with Karpenter.")
	a.Describe(&g.LaunchTemplateID, "Id of the launch template. Empty with Karpenter.")
	a.Describe(&g.NodeRoleARN, "IAM role of the nodes. PCR3 of every enclave on them is computed from it.")
	a.Describe(&g.ClusterAutoscalerPolicy, "IAM policy document (JSON) for the role of Cluster Autoscaler: it may read, and change only the Auto Scaling groups with the cluster's tag. One is enough for all groups of the cluster.")
	a.Describe(&g.NodePoolName, "Name of Karpenter's NodePool. Empty without Karpenter.")
	a.Describe(&g.KarpenterPolicy, "IAM policy document (JSON) for the role of Karpenter's controller: it may pass the nodes' role to EC2, and no other. Empty without Karpenter.")
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
		"nodePoolName":            group.NodePoolName,
		"karpenterPolicy":         group.KarpenterPolicy,
	})
}
