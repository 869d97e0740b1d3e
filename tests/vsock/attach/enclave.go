package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/heartbeat"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/machines"
)

// Why an enclave has ended.
var (
	errEnded      = errors.New("the guest has ended by itself")
	errTerminated = errors.New("the guest was terminated")
)

// Enclave is a guest that ends with this process.
type Enclave struct {
	info     launch.Info
	machines *machines.Client
	owned    *machines.Owned
	log      *slog.Logger
	hold     func(ctx context.Context) error
	gate     heartbeat.Gate

	// alive ends with the guest, and the guest with it.
	alive context.Context
	end   context.CancelCauseFunc
	// terminated says that this end was asked for.
	terminated atomic.Bool

	booted  chan struct{}
	bootErr error
	done    chan struct{}
	err     error
}

var _ launch.Enclave = (*Enclave)(nil)

// watch waits for the end. As on Nitro, every one that is not Terminate's is an error.
func (e *Enclave) watch() {
	state, err := e.owned.Wait()
	switch {
	case e.terminated.Load():
		e.end(errTerminated)
	case err == nil:
		e.end(fmt.Errorf("%w (%s)", errEnded, state.Error))
	default:
		e.end(fmt.Errorf("the host is lost: %w", err))
	}
	<-e.booted
	if why := context.Cause(e.alive); !errors.Is(why, errTerminated) {
		e.err = why
	}
	close(e.done)
}

// Info implements [launch.Enclave].
func (e *Enclave) Info() launch.Info { return e.info }

// Link implements [launch.Enclave].
func (e *Enclave) Link() transport.Link {
	return &link{&transport.VSock{Peer: e.info.CID, Logger: e.log}, e.log}
}

// link tells which ports it opens: nothing else in the parent knows.
type link struct {
	*transport.VSock
	log *slog.Logger
}

// Listen implements [transport.Link].
func (l *link) Listen(ctx context.Context, port uint32) (transport.Listener, error) {
	listener, err := l.VSock.Listen(ctx, port)
	if err == nil {
		l.log.Info(PortOpened, "port", listener.Port())
	}
	return listener, err
}

// Booted implements [launch.Enclave].
func (e *Enclave) Booted(ctx context.Context) error {
	select {
	case <-e.booted:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if e.bootErr != nil || e.hold == nil {
		return e.bootErr
	}
	return e.hold(ctx)
}

// Done implements [launch.Enclave].
func (e *Enclave) Done() <-chan struct{} { return e.done }

// Err implements [launch.Enclave].
func (e *Enclave) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// Terminate implements [launch.Enclave].
func (e *Enclave) Terminate(ctx context.Context) error {
	select {
	case <-e.done: // another guest may have its context ID by now
		return nil
	default:
	}
	e.terminated.Store(true)
	if err := e.machines.Kill(ctx, e.info.CID); err != nil {
		return err
	}
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Console implements [launch.Enclave]. The host has it, and shows it when a test fails.
func (e *Enclave) Console(context.Context) (io.ReadCloser, error) { return nil, launch.ErrNoConsole }
