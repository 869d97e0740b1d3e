package lifecycle

import (
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

	mu  sync.Mutex
	now Moment
}

// Moment is a state, since when it is and why.
type Moment struct {
	State  State
	Since  time.Time
	Reason string
}

// New returns a machine in its first state. Each transition gives one line of the log
// and one call of observe, which may be nil and must not call the machine.
func New(log *slog.Logger, observe func(Transition)) *Machine {
	return &Machine{log: log, observe: observe, now: Moment{State: Preflight, Since: time.Now()}}
}

// Now is the present state.
func (m *Machine) Now() Moment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// State is the present state.
func (m *Machine) State() State { return m.Now().State }

// Become makes a transition. One that the table has not changes nothing and is an error:
// two things that end the supervisor at once are no reason to fail twice.
func (m *Machine) Become(to State, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.now.State.CanBecome(to) {
		return fmt.Errorf("%s cannot follow %s", to, m.now.State)
	}
	now := Moment{State: to, Since: time.Now(), Reason: reason}
	t := Transition{From: m.now.State, To: to, InState: now.Since.Sub(m.now.Since), Reason: reason}
	m.now = now
	write := m.log.Info
	if to == Failed {
		write = m.log.Error
	}
	write("state", "from", t.From, "to", t.To, "seconds", t.InState.Seconds(), "reason", reason)
	if m.observe != nil {
		m.observe(t)
	}
	return nil
}
