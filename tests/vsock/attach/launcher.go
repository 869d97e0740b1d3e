// Package attach is a launcher for tests in guests of User Mode Linux: it runs in the
// parent's guest, and its enclaves are guests beside it, which the host starts when it is
// asked. Boot lock and heartbeat are those of runtime/launch/nitro, over AF_VSOCK.
//
// An enclave has the context ID that the launcher was given, where Nitro chooses one.
package attach

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/bootlock"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/heartbeat"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/machines"
)

// What the log says of a boot. Between the two the boot lock is held, so that those of two
// enclaves of a node never overlap.
const (
	BootBegins = "a boot begins"
	BootEnds   = "a boot ends"
	// PortOpened has a port of the parent for the enclave, as the attribute "port".
	PortOpened = "opened a port of the parent"
)

// Launcher starts guests. All its fields but Hold are required.
type Launcher struct {
	// CID is that of the enclaves, of which there can be one at a time.
	CID uint32
	// Image is one of machines.Server.
	Image string
	// Machines asks the host.
	Machines *machines.Client
	Logger   *slog.Logger
	// Hold is called after the first sign of life, before anybody is told of it: what it
	// waits for happens before the bootstrap.
	Hold func(ctx context.Context) error
}

var _ launch.Launcher = (*Launcher)(nil)

// Preflight implements [launch.Launcher]. There is nothing to be found.
func (l *Launcher) Preflight(context.Context, launch.Request) []launch.Finding { return nil }

// Launch implements [launch.Launcher]. Of the request only Debug counts.
func (l *Launcher) Launch(ctx context.Context, r launch.Request) (launch.Enclave, error) {
	port, err := bootlock.Lock{Logger: l.Logger}.Take(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking the boot lock: %w", err)
	}
	l.Logger.Info(BootBegins)
	e := l.enclave(ctx, r)
	stop := context.AfterFunc(ctx, func() { e.end(context.Cause(ctx)) })
	e.owned, err = l.Machines.Own(e.alive, l.CID, l.Image) //nolint:contextcheck // the guest outlives the launch
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		e.end(err) // and what was started
		_ = port.Close()
		return nil, fmt.Errorf("asking for the guest: %w", err)
	}
	e.info.Started = time.Now()
	go e.boot(port)
	go e.watch()
	return e, nil
}

func (l *Launcher) enclave(ctx context.Context, r launch.Request) *Enclave {
	e := &Enclave{
		info: launch.Info{
			ID: fmt.Sprintf("i-0000000000000000-enc%x", l.CID), CID: l.CID, CPUCount: r.CPUs, MemoryMiB: r.MemoryMiB, Debug: r.Debug,
		},
		machines: l.Machines, log: l.Logger, hold: l.Hold, booted: make(chan struct{}), done: make(chan struct{}),
	}
	e.gate.CID, e.gate.ID, e.gate.Logger = l.CID, e.info.ID, l.Logger
	e.alive, e.end = context.WithCancelCause(context.WithoutCancel(ctx))
	return e
}

// boot waits for the heartbeat, and gives the boot lock back whatever comes.
func (e *Enclave) boot(port net.Listener) {
	defer close(e.booted)
	e.bootErr = heartbeat.Await(e.alive, port, func(c net.Conn) bool {
		if !e.gate.Admit(c) {
			return false
		}
		e.log.Info(BootEnds)
		return true
	})
}
