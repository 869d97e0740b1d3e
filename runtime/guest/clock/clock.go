// Package clock decides which time an enclave takes from its host. The host is not
// trusted: a clock that is turned back makes certificates valid that have expired.
package clock

import (
	"fmt"
	"time"
)

// Bounds of what is taken from the host.
const (
	// MaxBack is how far a plausible clock may be turned back.
	MaxBack = 5 * time.Minute
	// MaxAhead is how far after Floor a time may be.
	MaxAhead = 20 * 365 * 24 * time.Hour
	// MinStep is the smallest correction. The hint is as old as the call that brings
	// it, so that smaller ones would make a good clock worse.
	MinStep = 500 * time.Millisecond
)

// Floor is a time that has passed when this code was written. No enclave runs before.
func Floor() time.Time { return time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC) }

// Decision is what to do with the clock.
type Decision struct {
	// Set is the time to set; zero keeps the clock.
	Set time.Time
	// Refused says why the host's time was not taken, for the log.
	Refused string
}

// Decide compares the enclave's own clock, which the hypervisor has set, with the
// host's hint.
//
//   - A hint outside of [Floor, Floor+MaxAhead] is refused.
//   - A plausible clock goes forward to the hint, and back by MaxBack at the most.
//   - A clock that is not plausible itself takes the hint, or else the floor.
func Decide(own, hint time.Time) Decision {
	switch {
	case !plausible(hint):
		d := Decision{Refused: fmt.Sprintf("%s is not between %s and %s", stamp(hint), stamp(Floor()), stamp(Floor().Add(MaxAhead)))}
		if !plausible(own) {
			d.Set = Floor()
		}
		return d
	case !plausible(own):
		return Decision{Set: hint}
	case own.Sub(hint) > MaxBack:
		return Decision{Refused: fmt.Sprintf("%s is more than %s before the enclave's own %s", stamp(hint), MaxBack, stamp(own))}
	case hint.Sub(own).Abs() < MinStep:
		return Decision{}
	}
	return Decision{Set: hint}
}

func plausible(t time.Time) bool { return !t.Before(Floor()) && !t.After(Floor().Add(MaxAhead)) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
