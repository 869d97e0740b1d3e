// Package lifecycle is the state machine of the supervisor: which states there are, and
// which follows which.
package lifecycle

import "slices"

// State is where the supervisor is in its life.
type State string

// The states, in the order in which they are gone through.
const (
	// Preflight: what is needed for a launch is checked.
	Preflight State = "preflight"
	// Starting: the enclave is being started, or waits for its turn on the node.
	Starting State = "starting"
	// Booting: its kernel runs, and its first program has not said so yet.
	Booting State = "booting"
	// Bootstrapping: it gets its configuration, its credentials and its endpoints.
	Bootstrapping State = "bootstrapping"
	// Ready: the enclave answers and its payload was started. Whether the signer can
	// sign is another question, which /readyz asks.
	Ready State = "ready"
	// Draining: the supervisor was told to end, and lets requests finish.
	Draining State = "draining"
	// Stopped: it has ended as it was told to.
	Stopped State = "stopped"
	// Failed: it has ended for another reason.
	Failed State = "failed"
)

// next is the table of all allowed transitions. Whatever runs can fail, and can be told
// to end; the two ends are final.
var next = map[State][]State{
	Preflight:     {Starting, Draining, Failed},
	Starting:      {Booting, Draining, Failed},
	Booting:       {Bootstrapping, Draining, Failed},
	Bootstrapping: {Ready, Draining, Failed},
	Ready:         {Draining, Failed},
	Draining:      {Stopped, Failed},
	Stopped:       {},
	Failed:        {},
}

// States lists all states in their order, for metrics.
func States() []State {
	return []State{Preflight, Starting, Booting, Bootstrapping, Ready, Draining, Stopped, Failed}
}

// CanBecome tells whether the table has a transition.
func (s State) CanBecome(to State) bool { return slices.Contains(next[s], to) }

// Final tells whether nothing follows.
func (s State) Final() bool { return len(next[s]) == 0 }
