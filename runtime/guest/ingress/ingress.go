// Package ingress brings vsock connections of the parent to the payload's TCP ports.
package ingress

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
)

// How often the payload's ports are looked at: often while it starts, for each look is
// a delay of the first request.
const (
	quick      = 20 * time.Millisecond
	slow       = 250 * time.Millisecond
	quickLooks = 1000
)

// Forwarder has a vsock port for each port of the payload, of the same number.
//
// It listens there only once the payload listens by TCP: until then the parent is
// refused, as it would be by the payload itself. And a payload that speaks vsock has
// taken the port before, which the Forwarder sees and leaves to it. One that speaks
// both on one number must listen on vsock first.
type Forwarder struct {
	// Ports are those that the payload may listen on.
	Ports []uint16
	// Listening returns the TCP ports at which the payload can be reached on
	// 127.0.0.1.
	Listening func() (map[uint16]bool, error)
	// Listen opens a vsock port for the parent.
	Listen func(ctx context.Context, port uint32) (net.Listener, error)
	Log    *slog.Logger
}

// Run forwards until the context ends, and returns when all connections are closed.
func (f *Forwarder) Run(ctx context.Context) {
	var serving sync.WaitGroup
	defer serving.Wait()
	left := slices.Clone(f.Ports)
	tick := time.NewTicker(quick)
	defer tick.Stop()
	for looks := 0; len(left) > 0; looks++ {
		left = f.look(ctx, left, &serving)
		if looks == quickLooks {
			tick.Reset(slow)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look opens the ports that have become ready, and returns the others.
func (f *Forwarder) look(ctx context.Context, ports []uint16, serving *sync.WaitGroup) []uint16 {
	ready, err := f.Listening()
	if err != nil {
		f.Log.Warn("cannot see on which ports the payload listens", "error", err)
		return nil
	}
	return slices.DeleteFunc(ports, func(port uint16) bool {
		if !ready[port] {
			return false
		}
		f.open(ctx, port, serving)
		return true
	})
}

func (f *Forwarder) open(ctx context.Context, port uint16, serving *sync.WaitGroup) {
	listener, err := f.Listen(ctx, uint32(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.Log.Info("the payload has the vsock port itself", "port", port)
		return
	case err != nil:
		f.Log.Error("a port of the payload cannot be reached from outside", "port", port, "error", err)
		return
	}
	f.Log.Info("forwarding to the payload", "port", port)
	b := &bridge.Bridge{Name: "ingress " + strconv.Itoa(int(port)), Logger: f.Log, Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
	}}
	serving.Go(func() { _ = b.Serve(ctx, listener) }) // the bridge logs why it ends
}
