//go:build linux

package guest

import (
	"testing"
	"time"
)

// TestClockIsHeldFromTheBootstrapOn, and not before; it ends with the guest, which the
// fixture sees by its goroutines.
func TestClockIsHeldFromTheBootstrapOn(t *testing.T) {
	f := newGuest(t, "ignore", func(c *Config) {
		c.HostClock = func() (time.Time, error) { return time.Now(), nil }
	})
	f.bootstrap(t)
	f.wantLine(t, "stdout ready")
	if len(f.machine.clock) != 0 {
		t.Errorf("a clock that is right was set: %v", f.machine.clock)
	}
}
