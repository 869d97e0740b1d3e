package capacity

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// deployment steps through a rollout as Kubernetes's Deployment controller and
// scheduler do: new pods up to replicas + surge, old ones away while enough are
// available, Pending pods into whatever slots are free.
type deployment struct {
	replicas, surge, unavailable, slots int
	old, running, pending               int
	leastAvailable, mostRunning         int
}

func (d *deployment) step() {
	total := d.old + d.running + d.pending
	if grow := min(d.replicas+d.surge-total, d.replicas-d.running-d.pending); grow > 0 {
		d.pending += grow
	} else if spare := d.old + d.running - (d.replicas - d.unavailable); spare > 0 {
		d.old -= min(d.old, spare)
	}
	d.leastAvailable = min(d.leastAvailable, d.old+d.running)
	start := max(0, min(d.pending, d.slots-d.old-d.running))
	d.pending -= start
	d.running += start
	d.mostRunning = max(d.mostRunning, d.old+d.running)
}

// run returns whether all replicas are new in the end.
func (d *deployment) run() bool {
	d.old, d.leastAvailable = d.replicas, d.replicas
	for range 10 * (d.replicas + 1) {
		d.step()
	}
	return d.old == 0 && d.running == d.replicas
}

func simulate(r RolloutRequest, surge, unavailable int) (*deployment, bool) {
	d := &deployment{replicas: r.Replicas, surge: surge, unavailable: unavailable, slots: r.Nodes * r.SlotsPerNode}
	return d, d.run()
}

func values() []*int {
	all := []*int{nil}
	for v := range 5 {
		all = append(all, &v)
	}
	return all
}

func TestRolloutsReachTheirEnd(t *testing.T) {
	for replicas := range 13 {
		for nodes := range 5 {
			for slots := 1; slots <= 4; slots++ {
				for _, surge := range values() {
					for _, unavailable := range values() {
						checkRollout(t, RolloutRequest{replicas, nodes, slots, surge, unavailable})
					}
				}
			}
		}
	}
}

func checkRollout(t *testing.T, r RolloutRequest) {
	t.Helper()
	free := r.Nodes*r.SlotsPerNode - r.Replicas
	got, err := PlanRollout(r)
	if err != nil {
		if free >= 0 && r.MaxSurge == nil && r.MaxUnavailable == nil {
			t.Errorf("%+v: %v", r, err)
		}
		if free == 0 && r.Replicas > 0 && r.MaxSurge != nil && r.MaxUnavailable != nil {
			if _, ended := simulate(r, *r.MaxSurge, *r.MaxUnavailable); ended {
				t.Errorf("%+v would have ended: %v", r, err)
			}
		}
		return
	}
	d, ended := simulate(r, got.MaxSurge, got.MaxUnavailable)
	if !ended || d.leastAvailable < r.Replicas-got.MaxUnavailable || d.mostRunning > r.Nodes*r.SlotsPerNode {
		t.Errorf("%+v: %+v ends as %+v", r, got, d)
	}
	if free >= 1 && r.MaxSurge == nil && r.MaxUnavailable == nil && d.leastAvailable < r.Replicas {
		t.Errorf("%+v: %+v falls to %d although a slot is free", r, got, d.leastAvailable)
	}
	if got.FreeSlots != free || got.Reason == "" {
		t.Errorf("%+v: %+v", r, got)
	}
}

func TestPlanRollout(t *testing.T) {
	n := func(v int) *int { return &v }
	for _, tc := range []struct {
		in   RolloutRequest
		want Rollout
	}{
		{RolloutRequest{Replicas: 3, Nodes: 2, SlotsPerNode: 2},
			Rollout{1, 0, 1, "1 slot is free, so a new pod starts before an old one ends and no replica is missed."}},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 1},
			Rollout{0, 1, 0, "no slot is free, so up to 1 old pod must end before new ones can start."}},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 1, MaxSurge: n(2)},
			Rollout{2, 1, 0, "no slot is free for 2 extra pods, so some wait as Pending until up to 1 old pod ended."}},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 2, MaxSurge: n(2), MaxUnavailable: n(1)},
			Rollout{2, 1, 2, "2 slots are free for 2 extra pods, and up to 1 replica may be missing meanwhile."}},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 2, MaxSurge: n(0)},
			Rollout{0, 1, 2, "no extra pod is wanted, so up to 1 old pod must end before new ones can start."}},
	} {
		got, err := PlanRollout(tc.in)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRolloutRefusals(t *testing.T) {
	n := func(v int) *int { return &v }
	for _, tc := range []struct {
		in   RolloutRequest
		want string
	}{
		{RolloutRequest{Replicas: 5, Nodes: 1, SlotsPerNode: 2}, "replicas (5): exceeds the 2 enclaves that fit on 1 node of 2 slots; use at most 2, or 3 nodes"},
		{RolloutRequest{Replicas: -1, Nodes: 1, SlotsPerNode: 2}, "replicas (-1): must not be negative; use 1 or more"},
		{RolloutRequest{Replicas: 1, Nodes: 1, SlotsPerNode: 9}, "slotsPerNode (9): must be 1 to 4; use the slots of the node group's capacity"},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 1, MaxSurge: n(1), MaxUnavailable: n(0)},
			"maxSurge (1): no slot is free and maxUnavailable is 0, so the rollout can never progress; use 0 with maxUnavailable 1, or run 3 nodes and use 1"},
		{RolloutRequest{Replicas: 3, Nodes: 4, SlotsPerNode: 1, MaxSurge: n(2), MaxUnavailable: n(0)},
			"maxSurge (2): only 1 slot is free, so the other new pods would only wait as Pending; use 1, or maxUnavailable 1"},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 1, MaxUnavailable: n(0)},
			"maxUnavailable (0): no slot is free, so no new pod starts before an old one ends; use 1, or leave it out, or run 3 nodes"},
		{RolloutRequest{Replicas: 2, Nodes: 2, SlotsPerNode: 1, MaxSurge: n(0), MaxUnavailable: n(0)},
			"maxUnavailable (0): cannot be 0 together with maxSurge, and Kubernetes refuses it; use 1"},
		{RolloutRequest{Replicas: 1, Nodes: 2, SlotsPerNode: 1, MaxSurge: n(0), MaxUnavailable: n(0)},
			"maxSurge (0): cannot be 0 together with maxUnavailable, and Kubernetes refuses it; use 1, or maxUnavailable 1"},
		{RolloutRequest{Replicas: 1, Nodes: 2, SlotsPerNode: 1, MaxSurge: n(-1), MaxUnavailable: n(-2)},
			"2 invalid arguments:\n  - maxSurge (-1): must not be negative; use 0 or 1, or leave it out\n  - maxUnavailable (-2): must not be negative; use 0 or 1, or leave it out"},
	} {
		_, err := PlanRollout(tc.in)
		if err == nil {
			t.Errorf("accepted %+v", tc.in)
			continue
		}
		if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
			t.Error(diff)
		}
	}
}
