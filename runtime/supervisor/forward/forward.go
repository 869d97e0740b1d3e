// Package forward opens the ways into an enclave, from TCP ports of the pod, and the ways
// out of it, to the endpoints that it may reach.
//
// Each port and each endpoint has a bridge of its own, with its own limits: one that
// hangs or is flooded takes nothing from another. All of them end with the context that
// they were opened with, which should end when the enclave does.
package forward

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Hooks join ways to logs and metrics. Log is required.
type Hooks struct {
	// Observer makes what is told of each connection of a bridge when it has ended. It
	// may be nil.
	Observer func(name string) func(bridge.Result)
	// Opened is called for each bridge before it has its first connection. strangers
	// counts those that the listener turns away because they are not its peer, and is nil
	// for a listener of everybody. It may be nil.
	Opened func(name string, b *bridge.Bridge, strangers func() uint64)
	Log    *slog.Logger
}

// Set is all ways of one direction.
type Set struct {
	hooks   Hooks
	ways    []*way
	serving sync.WaitGroup
}

// way is a listener and what forwards its connections.
type way struct {
	bridge   *bridge.Bridge
	listener net.Listener
}

// strangers is the listener's counter, if it lets in one peer alone.
func (w *way) strangers() func() uint64 {
	if l, ok := w.listener.(transport.Listener); ok {
		return l.Strangers
	}
	return nil
}

// add makes a way. Its listener is not served before the whole set is there.
func (s *Set) add(b *bridge.Bridge, l net.Listener) {
	b.Logger = s.hooks.Log
	if s.hooks.Observer != nil {
		b.Observe = s.hooks.Observer(b.Name)
	}
	s.ways = append(s.ways, &way{b, l})
}

// serve begins with all ways.
func (s *Set) serve(ctx context.Context) {
	for _, w := range s.ways {
		if s.hooks.Opened != nil {
			s.hooks.Opened(w.bridge.Name, w.bridge, w.strangers())
		}
		s.serving.Go(func() { _ = w.bridge.Serve(ctx, w.listener) }) // the bridge logs why it ends
	}
}

// abandon closes listeners that will not be served.
func (s *Set) abandon() {
	for _, w := range s.ways {
		_ = w.listener.Close()
	}
}

// Addr is where a way listens; nil when there is no way of that name.
func (s *Set) Addr(name string) net.Addr {
	for _, w := range s.ways {
		if w.bridge.Name == name {
			return w.listener.Addr()
		}
	}
	return nil
}

// Shutdown refuses new connections, waits for those that there are, and cuts what is left
// when ctx ends. It returns how many were cut.
func (s *Set) Shutdown(ctx context.Context) (cut int) {
	cuts := make(chan int, len(s.ways))
	for _, w := range s.ways {
		go func() { cuts <- w.bridge.Shutdown(ctx) }()
	}
	for range s.ways {
		cut += <-cuts
	}
	s.serving.Wait()
	return cut
}

// Close is a Shutdown without patience.
func (s *Set) Close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Shutdown(now)
}
