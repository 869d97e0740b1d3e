package bridge

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// ErrStopped is what Serve returns for a bridge that was told to stop before.
var ErrStopped = errors.New("the bridge has been stopped")

// errDrained cuts what a Shutdown could not wait for.
var errDrained = errors.New("the time to drain is over")

// Pauses after a failed Accept, as net/http makes them.
const firstPause, longestPause = 5 * time.Millisecond, time.Second

// Serve accepts connections of ln and forwards them until ctx ends, Shutdown is
// called or the listener is closed or breaks. It closes ln. Several listeners can be
// served at once.
//
// When ctx ends, all connections of this call are cut at once and Serve returns
// after the last of them with ctx's cause. After a Shutdown it returns nil, and
// otherwise the listener's error; connections then go on until they end, ctx ends or
// Shutdown cuts them.
//
// Running out of descriptors and connections that are gone before they are accepted
// are no reason to end: Serve counts them, waits a moment and goes on.
func (b *Bridge) Serve(ctx context.Context, ln net.Listener) error {
	if err := b.begin(ln); err != nil {
		_ = ln.Close()
		return err
	}
	defer b.end(ln)
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	var own sync.WaitGroup
	err := b.acceptAll(ctx, ln, &own)
	if ctx.Err() != nil {
		own.Wait()
		return context.Cause(ctx)
	}
	if b.isStopped() {
		return nil
	}
	b.log().Warn("listener failed", "addr", ln.Addr().String(), "error", err)
	return err
}

func (b *Bridge) acceptAll(ctx context.Context, ln net.Listener, own *sync.WaitGroup) error {
	pause := firstPause
	for {
		client, err := ln.Accept()
		switch {
		case err == nil:
			pause = firstPause
			b.admit(ctx, client, own)
		case ctx.Err() != nil || !passing(err):
			return err
		default:
			b.counters.acceptErrors.Add(1)
			b.log().Warn("accept failed", "error", err, "pause", pause)
			wait(ctx, pause)
			pause = min(2*pause, longestPause)
		}
	}
}

// admit starts a session, or resets the client when there are too many. It waits
// while too many dials are under way.
func (b *Bridge) admit(ctx context.Context, client net.Conn, own *sync.WaitGroup) {
	b.counters.accepted.Add(1)
	s := b.register(ctx, client)
	if s == nil {
		b.refuse(client)
		return
	}
	select {
	case b.dials <- struct{}{}:
		s.hasTurn = true
	case <-s.ctx.Done():
	}
	own.Go(s.serve)
}

func (b *Bridge) refuse(client net.Conn) {
	abort(client)
	b.counters.ended(EndRefused)
	if b.full.CompareAndSwap(false, true) {
		b.log().Warn("refusing connections: there are too many", "max", b.maxConns())
	}
	if b.Observe != nil {
		b.Observe(Result{Bridge: b.Name, End: EndRefused})
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
