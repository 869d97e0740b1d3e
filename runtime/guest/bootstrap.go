package guest

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/clock"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Bootstrap starts the payload. What is refused has changed nothing; an error of
// another kind has ended the guest.
func (g *Guest) Bootstrap(ctx context.Context, b control.Bootstrap) error {
	endpoints, err := g.check(b)
	if err != nil {
		g.Log.Error("a bootstrap was refused", "error", err)
		return err
	}
	// Not the call's context: the payload outlives it, and half a bootstrap must not
	// come of a caller who hangs up.
	if err := g.apply(b, endpoints, g.Link(peerOf(ctx))); err != nil { //nolint:contextcheck // as said
		g.fail(err)
		return err
	}
	return nil
}

// check has no effect.
func (g *Guest) check(b control.Bootstrap) ([]endpoint, error) {
	g.mu.Lock()
	state := g.state
	g.mu.Unlock()
	if state != control.StateWaiting {
		return nil, control.Errorf(control.CodeConflict, "this enclave is %s, not %s", state, control.StateWaiting)
	}
	if g.registers.debug && !g.Policy.Debug {
		return nil, control.Errorf(control.CodeForbidden, "this enclave runs in debug mode, which the image's policy does not allow; start it without debug mode")
	}
	if err := g.Policy.CheckBootstrap(b); err != nil {
		return nil, err
	}
	return planEgress(b.Egress)
}

// apply does what the bootstrap says, the payload last.
func (g *Guest) apply(b control.Bootstrap, endpoints []endpoint, link transport.Link) error {
	if err := g.setClock(b.Time); err != nil {
		return fmt.Errorf("setting the clock: %w", err)
	}
	g.holdClock()
	user, err := g.user()
	if err != nil {
		return err
	}
	if err := g.openFiles(user); err != nil {
		return err
	}
	if err := g.putFiles(b.Files); err != nil {
		return err
	}
	if err := g.writeHosts(endpoints); err != nil {
		return err
	}
	if err := g.openEgress(endpoints, link); err != nil {
		return err
	}
	if err := g.start(user, environment(g.Launch, b.Environment)); err != nil {
		return err
	}
	g.openIngress(link)
	return nil
}

func (g *Guest) setClock(hint time.Time) error {
	own := time.Now()
	decision := clock.Decide(own, hint)
	if decision.Refused != "" {
		g.Log.Warn("the parent's time was not taken", "reason", decision.Refused)
	}
	if decision.Set.IsZero() {
		return nil
	}
	g.Log.Info("setting the clock", "from", own.UTC(), "to", decision.Set.UTC())
	return g.Machine.SetClock(decision.Set)
}

// holdClock follows the hypervisor's clock from now on.
func (g *Guest) holdClock() {
	if g.HostClock == nil {
		return
	}
	keeper := &clock.Keeper{Host: g.HostClock, Now: time.Now, Set: g.Machine.SetClock, Log: g.Log}
	g.running.Go(func() {
		tick := time.NewTicker(clock.Every)
		defer tick.Stop()
		keeper.Run(g.ctx, tick.C)
	})
}

// writeHosts replaces the image's /etc/hosts, as container engines do.
func (g *Guest) writeHosts(endpoints []endpoint) error {
	var plan []egress.Binding
	for _, e := range endpoints {
		plan = append(plan, e.Binding)
	}
	return writeAs(g.Root, os.Getuid(), os.Getgid(), control.File{
		Path: "/etc/hosts", Content: []byte(egress.HostsFile(plan)), Mode: 0o644,
	})
}
