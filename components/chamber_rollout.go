package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// rollout is how many pods may be above and below the wanted number, together
// with the faults of the arguments that it follows from.
type rollout struct {
	capacity.Rollout
	err error
}

// rollout chooses the strategy; it is unknown while one of its arguments is.
func (a *ContainmentChamberArgs) rollout() pulumi.Output {
	return pulumi.All(
		a.Capacity.ToCapacityOutput(), intOr(a.Replicas, defaultReplicas), intOr(a.MaxReplicas, 0),
		intOr(a.MaxSurge, unset), intOr(a.MaxUnavailable, unset),
	).ApplyT(func(v []any) rollout {
		// With an autoscaler the worst moment is the one with the most pods.
		replicas := max(v[1].(int), v[2].(int))
		surge, unavailable := given(v[3].(int)), given(v[4].(int))
		nodes := v[0].(Capacity)
		plan, err := capacity.PlanRollout(capacity.RolloutRequest{
			Replicas:       replicas,
			Nodes:          nodes.nodesFor(replicas, surge),
			SlotsPerNode:   nodes.Slots,
			MaxSurge:       surge,
			MaxUnavailable: unavailable,
		})
		return rollout{plan, err}
	})
}

// nodesFor is the number of nodes to reckon with: those that are certain, or as
// many more as an autoscaler brings for the pods. A surge that the user asked for
// may make it bring one more, so only the highest number is a limit then.
func (c Capacity) nodesFor(replicas int, surge *int) int {
	highest := c.Nodes
	if c.MaxNodes != nil {
		highest = *c.MaxNodes
	}
	if surge != nil {
		return highest
	}
	return min(max(c.Nodes, capacity.NodesFor(replicas, c.Slots)), highest)
}

// given turns the mark for "not given" into nil.
func given(n int) *int {
	if n == unset {
		return nil
	}
	return &n
}

// String states the strategy for people.
func (r rollout) String() string {
	return fmt.Sprintf("maxSurge %d, maxUnavailable %d: %s", r.MaxSurge, r.MaxUnavailable, r.Reason)
}
