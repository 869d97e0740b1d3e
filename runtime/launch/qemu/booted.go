//go:build linux

package qemu

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/heartbeat"
)

const (
	// pollEvery is how often the control port is tried.
	pollEvery = 50 * time.Millisecond
	// pollTimeout bounds a try: one that comes before the guest's driver is lost.
	pollTimeout = time.Second
	// consolePatience is how long no try is made while the console does not say that
	// there is something to try. It is long for an emulated boot on a busy machine, and
	// short against the limit of a boot, for guests that say nothing.
	consolePatience = 20 * time.Second
)

// signs waits for the guest's sign of life.
type signs struct {
	// stop ends the wait for a heartbeat.
	stop context.CancelFunc
	// seen is closed when there was a sign of life, of either kind.
	seen chan struct{}
	once sync.Once
	// finished is closed when nobody listens any more.
	finished chan struct{}
}

// listen opens the heartbeat's port before the guest can dial it. ctx bounds the call only.
func (e *enclave) listen(ctx context.Context) error {
	listener, err := e.link(0).Listen(ctx, contract.PortHeartbeat)
	if err != nil {
		return fmt.Errorf("listening for the heartbeat: %w", err)
	}
	waiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &signs{stop: stop, seen: make(chan struct{}), finished: make(chan struct{})}
	go func() {
		defer close(s.finished)
		// The folder's permissions have decided who can connect.
		if heartbeat.Await(waiting, listener, func(net.Conn) bool { return true }) == nil {
			s.note()
		}
	}()
	e.signs = s
	return nil
}

// note wakes all that wait for a sign of life.
func (s *signs) note() { s.once.Do(func() { close(s.seen) }) }

func (s *signs) close() {
	s.stop()
	<-s.finished
}

// Booted waits for the first connection to the control port, or for a heartbeat. See the
// package's description.
func (e *enclave) Booted(ctx context.Context) error {
	trying, stop := context.WithCancel(ctx)
	defer stop()
	go e.tryControl(trying)
	select {
	case <-e.signs.seen:
		return nil
	default:
	}
	select {
	case <-e.signs.seen:
		return nil
	case <-e.done:
		return fmt.Errorf("the enclave has ended without a sign of life: %w", cmp.Or(e.err, errEnded))
	case <-ctx.Done():
		return fmt.Errorf("waiting for a sign of life of the enclave: %w", ctx.Err())
	}
}

// tryControl dials the control port until somebody answers. Dials that come before the
// guest's driver is there stay in the device (vhost-device-vsock 0.3.0), so that it waits
// for the guest's own word first.
func (e *enclave) tryControl(ctx context.Context) {
	link := e.link(pollTimeout)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for began := time.Now(); ; {
		if e.console.contains(contract.GuestWaiting) || time.Since(began) >= e.patience {
			if conn, err := link.Dial(ctx, contract.PortControl); err == nil {
				_ = conn.Close()
				e.signs.note()
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-e.signs.seen:
			return
		}
	}
}
