package lifecycle

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Transition is one step of the machine.
type Transition struct {
	From, To State
	// InState is how long the machine was in From.
	InState time.Duration
	// Reason says why, in a few words; it may be empty where the state says it.
	Reason string
}

// Machine holds the state. It is safe for use by several goroutines.
type Machine struct {
	log     *slog.Logger
	observe func(Transition)

	mu    sync.Mutex
	state State
	since time.Time
}

// New returns a machine in its first state. Each transition gives one line of the log
// and one call of observe, which may be nil and must not call the machine.
func New(log *slog.Logger, observe func(Transition)) *Machine {
	return &Machine{log: log, observe: observe, state: Preflight, since: time.Now()}
}

// State is the present state.
func (m *Machine) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Become makes a transition. One that the table has not changes nothing and is an error:
// two things that end the supervisor at once are no reason to fail twice.
func (m *Machine) Become(to State, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.state.CanBecome(to) {
		return fmt.Errorf("%s cannot follow %s", to, m.state)
	}
	now := time.Now()
	t := Transition{From: m.state, To: to, InState: now.Sub(m.since), Reason: reason}
	m.state, m.since = to, now
	level := slog.LevelInfo
	if to == Failed {
		level = slog.LevelError
	}
	m.log.Log(context.Background(), level, "state", "from", t.From, "to", t.To, "seconds", t.InState.Seconds(), "reason", reason)
	if m.observe != nil {
		m.observe(t)
	}
	return nil
}
