//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/heartbeat"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Enclave is one that was started here.
type Enclave struct {
	info  launch.Info
	log   *slog.Logger
	dial  func(ctx context.Context, port uint32) (net.Conn, error)
	taken taken

	// alive ends with the enclave, and what waits for it with it.
	alive context.Context
	end   context.CancelCauseFunc

	booted  chan struct{}
	bootErr error
	gate    heartbeat.Gate

	done chan struct{}
	err  error
}

var _ launch.Enclave = (*Enclave)(nil)

// watch makes the enclave of a launch that has succeeded. It outlives the launch's context.
func (a *attempt) watch(ctx context.Context) *Enclave {
	e := &Enclave{
		info: a.info(), log: a.log(), dial: a.dialConsole, taken: a.taken,
		booted: make(chan struct{}), done: make(chan struct{}),
	}
	e.gate.CID, e.gate.ID, e.gate.Logger = e.info.CID, e.info.ID, e.log
	e.alive, e.end = context.WithCancelCause(context.WithoutCancel(ctx))
	go e.boot(a.bootLimit(e.info.MemoryMiB)) //nolint:contextcheck // it has the enclave's
	go e.watch()
	return e
}

// watch waits for the end, and gives everything back before it tells.
func (e *Enclave) watch() {
	why := waitEnd(e.taken.enclave, int(e.taken.woken.Fd()))
	e.end(why)
	<-e.booted
	switch {
	case errors.Is(why, ErrTerminated):
		why = nil
	case e.bootErr != nil:
		why = fmt.Errorf("before its first sign of life: %w", why)
	}
	e.err = errors.Join(why, e.taken.release())
	close(e.done)
}

// waitEnd returns why the enclave ends: ErrEnded, ErrTerminated once wake has no writer
// any more, or a failure to watch.
func waitEnd(enclave, wake int) error {
	// A hang-up is reported without being asked for.
	fds := []unix.PollFd{{Fd: int32(enclave)}, {Fd: int32(wake)}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("watching the enclave: %w", err)
		case fds[1].Revents != 0:
			return ErrTerminated
		case fds[0].Revents != 0:
			return ErrEnded
		}
	}
}

// Info implements [launch.Enclave].
func (e *Enclave) Info() launch.Info { return e.info }

// Link implements [launch.Enclave].
func (e *Enclave) Link() transport.Link {
	return &transport.VSock{Peer: e.info.CID, Logger: e.log}
}

// Done implements [launch.Enclave]. By then the memory, the CPUs and the boot lock are free.
func (e *Enclave) Done() <-chan struct{} { return e.done }

// Err implements [launch.Enclave]. Every end that is not Terminate's is an error,
// [ErrEnded]: the driver does not tell a good end from a bad one.
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
	// Closing the waker twice does nothing.
	_ = e.taken.waker.Close()
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
