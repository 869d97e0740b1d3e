package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/nodetags"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/policy"
)

// autoscaled tells whether somebody else decides about the number of nodes.
func (a *EnclaveNodeGroupArgs) autoscaled() bool {
	return a.IgnoreDesiredSizeChanges || a.ClusterAutoscaler || a.Karpenter != nil
}

// autoscalerTags registers the tags that tell Cluster Autoscaler what a node
// offers while there is none. EKS does not copy a node group's tags to its Auto
// Scaling group, so each is a resource of its own.
func (b *nodeGroupBuilder) autoscalerTags() error {
	if !b.args.ClusterAutoscaler {
		return nil
	}
	tags, err := b.groupTags()
	if err != nil {
		return err
	}
	group := b.autoScalingGroup()
	for _, tag := range tags {
		if _, err := autoscaling.NewTag(b.ctx, b.name+"-autoscaler-"+tag.suffix, &autoscaling.TagArgs{
			AutoscalingGroupName: group,
			// The autoscaler reads the group; on instances the tags would say nothing.
			Tag: &autoscaling.TagTagArgs{Key: tag.key, Value: tag.value, PropagateAtLaunch: pulumi.Bool(false)},
		}, b.parent()); err != nil {
			return fmt.Errorf("creating the tag %s for the autoscaler: %w", tag.suffix, err)
		}
	}
	return nil
}

// autoScalingGroup is the one Auto Scaling group of the managed node group.
func (b *nodeGroupBuilder) autoScalingGroup() pulumi.StringOutput {
	return b.group.AutoScalingGroupNames.ApplyT(func(names []string) (string, error) {
		if len(names) == 0 {
			return "", errors.New("EKS names no Auto Scaling group for the managed node group")
		}
		return names[0], nil
	}).(pulumi.StringOutput)
}

// nodeGroupTags are the tags of the managed node group. Cluster Autoscaler reads
// its resources from there too, since 1.28 and with precedence; labels and taints
// it takes from the node group's own.
func (b *nodeGroupBuilder) nodeGroupTags() pulumi.StringMapOutput {
	if !b.args.ClusterAutoscaler {
		return b.tags()
	}
	return pulumi.All(b.tags(), b.plan.sizing).ApplyT(func(v []any) (map[string]string, error) {
		tags := maps.Clone(v[0].(map[string]string))
		if tags == nil {
			tags = map[string]string{}
		}
		own, err := resourceTags(v[1].(sizing).plan)
		maps.Copy(tags, own)
		return tags, err
	}).(pulumi.StringMapOutput)
}

// autoscalerPolicy is made of the cluster's name alone, so that one policy serves
// every group of the cluster.
func (b *nodeGroupBuilder) autoscalerPolicy() pulumi.StringOutput {
	return pulumi.All(b.cluster(), b.partition()).ApplyT(func(v []any) (string, error) {
		name := v[0].(Cluster).Name
		return policy.ClusterAutoscaler(v[1].(string), name, nodetags.OwnedKey(name), nodetags.OwnedValue).JSON()
	}).(pulumi.StringOutput)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
