package clock

import (
	"context"
	"log/slog"
	"time"
)

// Every is how often a [Keeper] looks. A clock that nobody holds is off by some seconds a
// week.
const Every = time.Minute

// Keeper holds the enclave's clock to the hypervisor's, within the bounds of [Decide].
// What it turns back is bounded over its life and not only at each look: else a clock
// could be turned back for ever, five minutes at a time.
type Keeper struct {
	// Host reads the hypervisor's clock.
	Host func() (time.Time, error)
	// Now is the enclave's clock, and Set sets it.
	Now func() time.Time
	Set func(time.Time) error
	Log *slog.Logger

	back    time.Duration // by how much it has been turned back
	refused bool          // it was logged that a time is not taken
}

// Run looks at every tick until the context ends or the hypervisor's clock cannot be
// read.
func (k *Keeper) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ticks:
		case <-ctx.Done():
			return
		}
		if err := k.look(); err != nil {
			k.Log.Warn("the clock is not held any more", "error", err)
			return
		}
	}
}

func (k *Keeper) look() error {
	host, err := k.Host()
	if err != nil {
		return err
	}
	own := k.Now()
	decision := Decide(own, host)
	back := own.Sub(host)
	if decision.Refused == "" && back > 0 && plausible(own) && k.back+back > MaxBack {
		decision = Decision{Refused: "it would turn the clock back by more than " + MaxBack.String() + " since the start"}
	}
	if decision.Refused != "" {
		k.refuse(decision.Refused)
		return nil
	}
	k.refused = false
	if decision.Set.IsZero() {
		return nil
	}
	k.Log.Info("setting the clock", "from", own.UTC(), "to", decision.Set.UTC())
	if back > 0 && plausible(own) {
		k.back += back
	}
	return k.Set(decision.Set)
}

// refuse logs once, and again after a time that was right.
func (k *Keeper) refuse(reason string) {
	if !k.refused {
		k.Log.Warn("the hypervisor's time is not taken", "reason", reason)
	}
	k.refused = true
}
