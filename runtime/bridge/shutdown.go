package bridge

import (
	"context"
	"net"
)

// begin takes a listener in, unless the bridge was stopped.
func (b *Bridge) begin(ln net.Listener) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return ErrStopped
	}
	if b.dials == nil {
		b.dials = make(chan struct{}, b.maxDials())
		b.listeners = map[net.Listener]struct{}{}
		b.sessions = map[*session]struct{}{}
	}
	b.listeners[ln] = struct{}{}
	return nil
}

func (b *Bridge) end(ln net.Listener) {
	b.mu.Lock()
	delete(b.listeners, ln)
	b.mu.Unlock()
	_ = ln.Close()
}

func (b *Bridge) isStopped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stopped
}

// register makes a session for a client; nil when there are too many. A client that
// was accepted while the bridge stopped is served: it had connected before.
func (b *Bridge) register(ctx context.Context, client net.Conn) *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.sessions) >= b.maxConns() {
		return nil
	}
	s := newSession(ctx, b, client)
	b.sessions[s] = struct{}{}
	b.running.Add(1)
	b.full.Store(false)
	return s
}

func (b *Bridge) unregister(s *session) {
	b.mu.Lock()
	delete(b.sessions, s)
	b.mu.Unlock()
	b.running.Done()
}

// Shutdown stops accepting, waits for the connections to end by themselves, and cuts
// those that are left when ctx ends. It returns how many it cut, after the last
// connection is gone. The bridge cannot be used again.
func (b *Bridge) Shutdown(ctx context.Context) (cut int) {
	b.stop()
	drained := make(chan struct{})
	go func() {
		b.running.Wait()
		close(drained)
	}()
	select {
	case <-drained:
		return 0
	case <-ctx.Done():
	}
	cut = b.cutAll()
	<-drained
	return cut
}

// Close is a Shutdown without patience.
func (b *Bridge) Close() (cut int) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	return b.Shutdown(now)
}

func (b *Bridge) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	for ln := range b.listeners {
		_ = ln.Close()
	}
}

func (b *Bridge) cutAll() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.sessions {
		s.cancel(errDrained)
	}
	return len(b.sessions)
}
