package components

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/nodetags"
)

// checkAutoscaler validates what becomes a tag, against AWS's limits, and leaves
// the component's own tags to the component.
func (a *EnclaveNodeGroupArgs) checkAutoscaler(c *checks, plan nodePlan) {
	labels, _, err := known[map[string]string](c.ctx, mapOr(a.Labels).ToStringMapOutput())
	c.faults.Join("labels", err)
	for _, key := range sortedKeys(labels) {
		_, err := nodetags.Label(key, labels[key])
		c.faults.Join("labels."+key, err)
	}
	tags, _, err := known[map[string]string](c.ctx, mapOr(a.Tags).ToStringMapOutput())
	c.faults.Join("tags", err)
	own := plan.resourceTags(c)
	for _, key := range sortedKeys(own) {
		if value, set := tags[key]; set {
			c.faults.Add("tags."+key, value, "is set by the component, since clusterAutoscaler is on", "leave it out")
		}
	}
	// The Auto Scaling group has three tags more: two to be found by, and the taint.
	c.tagCount("labels", len(labels), len((&nodeGroupBuilder{}).ownLabels())+len(own)+3)
	c.tagCount("tags", len(tags), len(own))
}

// tagCount checks how many tags one resource gets.
func (c *checks) tagCount(property string, given, own int) {
	if given+own > nodetags.MaxTags {
		c.faults.Add(property, nil,
			fmt.Sprintf("are %d, which with %d tags for Cluster Autoscaler are more than the %d that AWS takes", given, own, nodetags.MaxTags),
			fmt.Sprintf("use at most %d", nodetags.MaxTags-own))
	}
}

// resourceTags are the tags of the plan's resources; none while it is unknown.
func (p nodePlan) resourceTags(c *checks) map[string]string {
	if p.sizing == nil {
		return nil
	}
	s, ok, err := known[sizing](c.ctx, p.sizing)
	if !ok || err != nil || s.err != nil {
		return nil // reported with the other faults of the sizing
	}
	tags, err := resourceTags(s.plan)
	c.faults.Join("instanceType", err)
	return tags
}
