package clock

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake is an enclave's clock and the hypervisor's, of which the first may drift.
type fake struct {
	own, host time.Time
	sets      []time.Time
	err       error
	log       bytes.Buffer
}

func (f *fake) keeper() *Keeper {
	return &Keeper{
		Host: func() (time.Time, error) { return f.host, f.err }, Now: func() time.Time { return f.own },
		Set: func(to time.Time) error { f.sets, f.own = append(f.sets, to), to; return f.err },
		Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
}

var start = Floor().Add(24 * time.Hour)

// TestKeeperHoldsADriftingClock: over four weeks at 20 ppm it is never off by more than
// the smallest correction and what one look brings.
func TestKeeperHoldsADriftingClock(t *testing.T) {
	for _, ppm := range []int64{-20, 20} {
		f := &fake{own: start, host: start}
		k := f.keeper()
		for elapsed := time.Duration(0); elapsed < 28*24*time.Hour; elapsed += Every {
			f.host = f.host.Add(Every)
			f.own = f.own.Add(Every + time.Duration(int64(Every)*ppm/1_000_000))
			if err := k.look(); err != nil {
				t.Fatal(err)
			}
			if off := f.own.Sub(f.host).Abs(); off > MinStep {
				t.Fatalf("%d ppm: off by %s after %s", ppm, off, elapsed)
			}
		}
		// 20 ppm of four weeks are 48 s, in steps of half a second.
		if n := len(f.sets); n < 90 || n > 97 {
			t.Errorf("%d ppm: %d steps", ppm, n)
		}
	}
}

// TestKeeperTurnsBackWithinABound, however small the steps are.
func TestKeeperTurnsBackWithinABound(t *testing.T) {
	f := &fake{own: start, host: start}
	k := f.keeper()
	for range 100 {
		f.host = f.own.Add(-time.Minute)
		if err := k.look(); err != nil {
			t.Fatal(err)
		}
	}
	if back := start.Sub(f.own); back != MaxBack {
		t.Errorf("turned back by %s", back)
	}
	if n := strings.Count(f.log.String(), "not taken"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &f.log)
	}
	f.host = f.own.Add(time.Minute)
	if err := k.look(); err != nil || !f.own.Equal(f.host) {
		t.Errorf("it does not go forward any more: %v", err)
	}
	f.host = f.own.Add(-time.Minute)
	if err := k.look(); err != nil || f.own.Equal(f.host) {
		t.Errorf("going forward has given back what was used up: %v", err)
	}
	if n := strings.Count(f.log.String(), "not taken"); n != 2 {
		t.Errorf("logged %d times:\n%s", n, &f.log)
	}
}

func TestKeeperRefuses(t *testing.T) {
	for name, host := range map[string]time.Time{
		"long ago": Floor().Add(-1), "the far future": Floor().Add(MaxAhead + 1), "far back": start.Add(-MaxBack - 1), "zero": {},
	} {
		f := &fake{own: start, host: host}
		if err := f.keeper().look(); err != nil || len(f.sets) != 0 || !strings.Contains(f.log.String(), "not taken") {
			t.Errorf("%s: set %v, %v, log %q", name, f.sets, err, &f.log)
		}
	}
}

// TestKeeperRuns: at each tick, to the end of the context or of the host's clock.
func TestKeeperRuns(t *testing.T) {
	f := &fake{own: start, host: start.Add(time.Second)}
	ticks := make(chan time.Time)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { f.keeper().Run(ctx, ticks); close(done) }()
	ticks <- start
	ticks <- start // the first has been dealt with
	cancel()
	<-done
	if diff := cmp.Diff([]time.Time{f.host}, f.sets); diff != "" {
		t.Error(diff)
	}
	f.err = errors.New("no such device")
	go func() { ticks <- start }()
	f.keeper().Run(t.Context(), ticks)
	if !strings.Contains(f.log.String(), "no such device") {
		t.Errorf("log %q", &f.log)
	}
}
