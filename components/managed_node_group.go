package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// eksNoSchedule is how EKS spells the effect that Kubernetes calls NoSchedule.
const eksNoSchedule = "NO_SCHEDULE"

// managedNodes registers a managed node group with its launch template and tags.
func (b *nodeGroupBuilder) managedNodes(role pulumi.StringOutput, attached []pulumi.Resource) error {
	template, err := b.launchTemplate()
	if err != nil {
		return err
	}
	nodes, err := b.managedNodeGroup(role, template, attached)
	if err != nil {
		return err
	}
	b.group.NodeGroupName = nodes.NodeGroupName
	b.group.NodeGroupARN = nodes.Arn
	b.group.AutoScalingGroupNames = autoScalingGroups(nodes)
	b.group.LaunchTemplateID = template.ID().ToStringOutput()
	return b.autoscalerTags()
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

// managedNodeGroup registers the node group. It waits for the role's policies:
// nodes that start without them fail to join, and EKS gives up on the group.
func (b *nodeGroupBuilder) managedNodeGroup(role pulumi.StringOutput, template *ec2.LaunchTemplate, attached []pulumi.Resource) (*eks.NodeGroup, error) {
	args := &eks.NodeGroupArgs{
		ClusterName:  b.clusterName(),
		NodeRoleArn:  role,
		SubnetIds:    subnets(b.ctx, b.cluster(), pulumi.Parent(b.group)),
		CapacityType: stringOr(b.args.CapacityType, "ON_DEMAND").ToStringOutput().ToStringPtrOutput(),
		LaunchTemplate: &eks.NodeGroupLaunchTemplateArgs{
			Id: template.ID().ToStringOutput().ToStringPtrOutput(),
			// A version by number: with "$Latest" a change of the template would
			// roll no node.
			Version: pulumi.Sprintf("%d", template.LatestVersion),
		},
		ScalingConfig: b.scalingConfig(),
		UpdateConfig:  &eks.NodeGroupUpdateConfigArgs{MaxUnavailable: pulumi.Int(1)},
		Labels:        b.labels(),
		Taints: eks.NodeGroupTaintArray{&eks.NodeGroupTaintArgs{
			Key:    pulumi.String(contract.TaintKey),
			Value:  pulumi.String(contract.TaintValue),
			Effect: pulumi.String(eksNoSchedule),
		}},
		Tags: b.nodeGroupTags(),
	}
	// EKS refuses an AMI type or release next to an AMI in the template.
	if b.args.AMIID == nil {
		args.AmiType = b.amiType()
	}
	if b.args.ReleaseVersion != nil {
		args.ReleaseVersion = b.args.ReleaseVersion.ToStringOutput().ToStringPtrOutput()
	}
	nodes, err := eks.NewNodeGroup(b.ctx, b.name, args, b.nodeGroupOptions(attached)...)
	if err != nil {
		return nil, fmt.Errorf("creating the managed node group: %w", err)
	}
	return nodes, nil
}

func (b *nodeGroupBuilder) nodeGroupOptions(attached []pulumi.Resource) []pulumi.ResourceOption {
	opts := []pulumi.ResourceOption{b.parent(), pulumi.DependsOn(attached)}
	if b.args.autoscaled() {
		opts = append(opts, pulumi.IgnoreChanges([]string{"scalingConfig.desiredSize"}))
	}
	return opts
}

func (b *nodeGroupBuilder) scalingConfig() eks.NodeGroupScalingConfigInput {
	size := func(pick func(scaling) int) pulumi.IntOutput {
		return b.plan.scaling.ApplyT(func(s any) int { return pick(s.(scaling)) }).(pulumi.IntOutput)
	}
	return &eks.NodeGroupScalingConfigArgs{
		DesiredSize: size(func(s scaling) int { return s.desired }),
		MinSize:     size(func(s scaling) int { return s.low }),
		MaxSize:     size(func(s scaling) int { return s.high }),
	}
}

func (b *nodeGroupBuilder) amiType() pulumi.StringPtrOutput {
	return b.plan.sizing.ApplyT(func(s any) *string {
		amiType := "AL2023_x86_64_STANDARD"
		if s.(sizing).plan.Request.Shape.Architecture == capacity.ARM64 {
			amiType = "AL2023_ARM_64_STANDARD"
		}
		return &amiType
	}).(pulumi.StringPtrOutput)
}
