package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/nodetags"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// groupTag is a tag of the Auto Scaling group. The suffix of its resource's name
// must be known when it is registered, also in a preview; key and value need not.
type groupTag struct {
	suffix     string
	key, value pulumi.StringInput
}

// groupTags are all tags of the Auto Scaling group, in a stable order.
func (b *nodeGroupBuilder) groupTags() ([]groupTag, error) {
	taint, err := nodetags.Taint(contract.TaintKey, contract.TaintValue, contract.TaintEffect)
	if err != nil {
		return nil, err
	}
	enabled := nodetags.Enabled()
	owned := b.cluster().ApplyT(func(c Cluster) string { return nodetags.OwnedKey(c.Name) }).(pulumi.StringOutput)
	tags := []groupTag{
		{"enabled", pulumi.String(enabled.Key), pulumi.String(enabled.Value)},
		{"cluster", owned, pulumi.String(nodetags.OwnedValue)},
		{"taint", pulumi.String(taint.Key), pulumi.String(taint.Value)},
	}
	labels, err := b.labelTags()
	if err != nil {
		return nil, err
	}
	resources, err := b.resourceTags()
	return append(append(tags, labels...), resources...), err
}

// labelTags are one for each label; of labels that a preview cannot know yet, the
// component's own.
func (b *nodeGroupBuilder) labelTags() ([]groupTag, error) {
	all := b.labels()
	labels, ok, err := known[map[string]string](b.ctx, all)
	if err != nil {
		return nil, err
	}
	if !ok {
		labels = b.ownLabels()
		if err := b.later("the labels are"); err != nil {
			return nil, err
		}
	}
	var tags []groupTag
	for _, key := range sortedKeys(labels) {
		value := all.ApplyT(func(m map[string]string) string { return m[key] }).(pulumi.StringOutput)
		tags = append(tags, groupTag{"label-" + key, pulumi.String(nodetags.LabelKey(key)), value})
	}
	return tags, nil
}

// resourceTags are one for each resource. Which page sizes there are depends on
// the sizing; a preview that cannot know it shows the others.
func (b *nodeGroupBuilder) resourceTags() ([]groupTag, error) {
	s, ok, err := known[sizing](b.ctx, b.plan.sizing)
	if err != nil {
		return nil, err
	}
	names := sortedKeys(s.plan.NodeResources())
	if !ok {
		if err := b.later("the sizes of hugepages are"); err != nil {
			return nil, err
		}
	}
	var tags []groupTag
	for _, name := range names {
		value := b.plan.sizing.ApplyT(func(s any) (string, error) {
			tag, err := nodetags.Resource(name, s.(sizing).plan.NodeResources()[name])
			return tag.Value, err
		}).(pulumi.StringOutput)
		tags = append(tags, groupTag{"resource-" + name, pulumi.String(nodetags.ResourceKey(name)), value})
	}
	return tags, nil
}

// later warns that the preview does not show everything.
func (b *nodeGroupBuilder) later(what string) error {
	return b.ctx.Log.Warn(what+" not known yet, so the update will create more tags for Cluster Autoscaler than are shown here",
		&pulumi.LogArgs{Resource: b.group})
}

// resourceTags are the tags of a plan's resources.
func resourceTags(plan capacity.Plan) (map[string]string, error) {
	tags := map[string]string{}
	for name, quantity := range plan.NodeResources() {
		tag, err := nodetags.Resource(name, quantity)
		if err != nil {
			return nil, err
		}
		tags[tag.Key] = tag.Value
	}
	return tags, nil
}
