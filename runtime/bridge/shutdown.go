package bridge

import (
	"context"
	"net"
)

// begin takes a listener in, unless the bridge was stopped.
func (b *Bridge) begin(ln net.Listener) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drained != nil {
		return ErrStopped
	}
	if b.dials == nil {
		b.dials = make(chan struct{}, b.maxDials())
		b.listeners = map[net.Listener]int{}
		b.sessions = map[*session]struct{}{}
	}
	b.listeners[ln]++
	return nil
}

// end lets a listener go, of which no session will come any more.
func (b *Bridge) end(ln net.Listener) {
	_ = ln.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners[ln]--; b.listeners[ln] == 0 {
		delete(b.listeners, ln)
	}
	b.tellDrained()
}

func (b *Bridge) isStopped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drained != nil
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
	b.full.Store(false)
	if b.cutting {
		b.cut(s)
	}
	return s
}

func (b *Bridge) unregister(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sessions, s)
	b.tellDrained()
}

// tellDrained closes drained when it is time. The bridge is locked, and told of each
// end only once, so that nothing is closed twice: after the last one nothing comes.
func (b *Bridge) tellDrained() {
	if b.drained != nil && len(b.listeners) == 0 && len(b.sessions) == 0 {
		close(b.drained)
	}
}

// Shutdown stops accepting, waits for the connections to end by themselves, and cuts
// those that are left when ctx ends. It returns how many were cut, after the last
// connection is gone. The bridge cannot be used again.
func (b *Bridge) Shutdown(ctx context.Context) (cut int) {
	drained := b.stop()
	select {
	case <-drained:
	case <-ctx.Done():
		b.cutAll()
		<-drained
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cuts
}

// Close is a Shutdown without patience.
func (b *Bridge) Close() (cut int) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	return b.Shutdown(now)
}

func (b *Bridge) stop() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drained != nil {
		return b.drained
	}
	b.drained = make(chan struct{})
	for ln := range b.listeners {
		_ = ln.Close()
	}
	b.tellDrained()
	return b.drained
}

func (b *Bridge) cutAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cutting = true
	for s := range b.sessions {
		b.cut(s)
	}
}

// cut ends a session, unless it is ending already. The bridge is locked.
func (b *Bridge) cut(s *session) {
	if s.ctx.Err() == nil {
		b.cuts++
		s.cancel(errDrained)
	}
}
