package capacity

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// RolloutRequest describes a Deployment whose pods take one enclave slot each, and
// the nodes that hold nothing else.
type RolloutRequest struct {
	// Replicas is the Deployment's; 0 is a chamber at rest.
	Replicas int
	// Nodes is how many enclave nodes can be counted on during a rollout: those
	// that always run, not what an autoscaler might add.
	Nodes int
	// SlotsPerNode is Plan.Slots.
	SlotsPerNode int
	// MaxSurge and MaxUnavailable are the Deployment's; nil means choose.
	MaxSurge, MaxUnavailable *int
}

// Rollout is a RollingUpdate strategy that reaches its end.
type Rollout struct {
	MaxSurge, MaxUnavailable int
	// FreeSlots is how many slots are left when all replicas run.
	FreeSlots int
	// Reason says in one sentence why, for people.
	Reason string
}

// maxNodes is far above what one Kubernetes cluster supports.
const maxNodes = 1 << 20

// The properties of rollout faults.
const (
	propertyReplicas       = "replicas"
	propertyNodes          = "nodes"
	propertySlotsPerNode   = "slotsPerNode"
	propertyMaxSurge       = "maxSurge"
	propertyMaxUnavailable = "maxUnavailable"
)

// PlanRollout chooses how a Deployment replaces its pods, or says why the given
// values cannot. A new pod needs a whole slot, with its CPUs and hugepages: with
// none free it stays Pending, and unless an old pod may go first the rollout never
// ends. With one free, replacing pods one by one loses no capacity. The error is a
// fault.List.
func PlanRollout(r RolloutRequest) (Rollout, error) {
	list := r.countFaults()
	if len(list) > 0 {
		return Rollout{}, list
	}
	free := r.Nodes*r.SlotsPerNode - r.Replicas
	if list = r.strategyFaults(free); len(list) > 0 {
		return Rollout{}, list
	}
	surge, unavailable := r.choose(free)
	return Rollout{
		MaxSurge: surge, MaxUnavailable: unavailable, FreeSlots: free,
		Reason: reason(surge, unavailable, free),
	}, nil
}

func (r RolloutRequest) countFaults() fault.List {
	var l fault.List
	if r.Nodes < 0 || r.Nodes > maxNodes {
		l.Add(propertyNodes, r.Nodes, "must be the number of enclave nodes", "use 1 or more")
	}
	if r.SlotsPerNode < 1 || r.SlotsPerNode > contract.MaxEnclavesPerNode {
		l.Add(propertySlotsPerNode, r.SlotsPerNode, fmt.Sprintf("must be 1 to %d", contract.MaxEnclavesPerNode), "use the slots of the node group's capacity")
	}
	if r.Replicas < 0 {
		l.Add(propertyReplicas, r.Replicas, "must not be negative", "use 1 or more")
	}
	if capacity := r.Nodes * r.SlotsPerNode; len(l) == 0 && r.Replicas > capacity {
		l.Add(propertyReplicas, r.Replicas,
			fmt.Sprintf("exceeds the %s that fit on %s of %s", plural(capacity, "enclave"), plural(r.Nodes, "node"), plural(r.SlotsPerNode, "slot")),
			fmt.Sprintf("use at most %d, or %s", capacity, plural(NodesFor(r.Replicas, r.SlotsPerNode), "node")))
	}
	for _, v := range []struct {
		property string
		value    *int
	}{{propertyMaxSurge, r.MaxSurge}, {propertyMaxUnavailable, r.MaxUnavailable}} {
		if v.value != nil && *v.value < 0 {
			l.Add(v.property, *v.value, "must not be negative", "use 0 or 1, or leave it out")
		}
	}
	return l
}

// NodesFor returns how many nodes of that many slots hold the enclaves. Slots must
// be positive.
func NodesFor(enclaves, slotsPerNode int) int {
	nodes := enclaves / slotsPerNode
	if enclaves%slotsPerNode > 0 {
		nodes++
	}
	return nodes
}

// strategyFaults examines explicit values. With MaxUnavailable above 0 every surge
// progresses: surplus new pods wait as Pending for the slots of the old pods that
// may go, and the Deployment controller keeps taking old ones away because the
// waiting ones do not count as available.
func (r RolloutRequest) strategyFaults(free int) fault.List {
	var l fault.List
	extra := NodesFor(r.Replicas+1, r.SlotsPerNode)
	surge, unavailable := r.MaxSurge, r.MaxUnavailable
	switch {
	case unavailable == nil || *unavailable > 0:
	case surge == nil && free == 0:
		l.Add(propertyMaxUnavailable, 0, "no slot is free, so no new pod starts before an old one ends",
			fmt.Sprintf("use 1, or leave it out, or run %s", plural(extra, "node")))
	case surge == nil || *surge > 0 && *surge <= free:
	case *surge == 0 && free > 0:
		l.Add(propertyMaxSurge, 0, "cannot be 0 together with maxUnavailable, and Kubernetes refuses it", "use 1, or maxUnavailable 1")
	case *surge == 0:
		l.Add(propertyMaxUnavailable, 0, "cannot be 0 together with maxSurge, and Kubernetes refuses it", "use 1")
	case free == 0:
		l.Add(propertyMaxSurge, *surge, "no slot is free and maxUnavailable is 0, so the rollout can never progress",
			fmt.Sprintf("use 0 with maxUnavailable 1, or run %s and use 1", plural(extra, "node")))
	default:
		l.Add(propertyMaxSurge, *surge, fmt.Sprintf("only %s free, so the other new pods would only wait as Pending", slots(free)),
			fmt.Sprintf("use %d, or maxUnavailable 1", free))
	}
	return l
}

func (r RolloutRequest) choose(free int) (surge, unavailable int) {
	surge = min(1, free)
	if r.MaxSurge != nil {
		surge = *r.MaxSurge
	}
	if r.MaxUnavailable != nil {
		return surge, *r.MaxUnavailable
	}
	if surge == 0 || surge > free {
		return surge, 1
	}
	return surge, 0
}

func reason(surge, unavailable, free int) string {
	switch {
	case unavailable == 0:
		return fmt.Sprintf("%s free, so a new pod starts before an old one ends and no replica is missed.", slots(free))
	case surge > free:
		return fmt.Sprintf("%s free for %s, so some wait as Pending until up to %s ended.", slots(free), plural(surge, "extra pod"), plural(unavailable, "old pod"))
	case surge == 0 && free == 0:
		return fmt.Sprintf("no slot is free, so up to %s must end before new ones can start.", plural(unavailable, "old pod"))
	case surge == 0:
		return fmt.Sprintf("no extra pod is wanted, so up to %s must end before new ones can start.", plural(unavailable, "old pod"))
	}
	return fmt.Sprintf("%s free for %s, and up to %s may be missing meanwhile.", slots(free), plural(surge, "extra pod"), plural(unavailable, "replica"))
}

func slots(n int) string {
	switch n {
	case 0:
		return "no slot is"
	case 1:
		return "1 slot is"
	}
	return fmt.Sprintf("%d slots are", n)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
