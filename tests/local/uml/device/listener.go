package device

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// backlog is how many connections wait for Accept.
const backlog = 128

// Listen opens a port of this process for the guest.
func (l *link) Listen(_ context.Context, port uint32) (transport.Listener, error) {
	h := &l.net.host
	h.mu.Lock()
	defer h.mu.Unlock()
	key := portKey{l.cid, port}
	if port == transport.AnyPort || h.listeners[key] != nil {
		return nil, fmt.Errorf("port %d cannot be listened on, or is taken", port)
	}
	if h.listeners == nil {
		h.listeners = map[portKey]*listener{}
	}
	made := &listener{host: h, key: key, queue: make(chan net.Conn, backlog), closed: make(chan struct{})}
	h.listeners[key] = made
	return made, nil
}

type listener struct {
	host   *host
	key    portKey
	queue  chan net.Conn
	closed chan struct{}
	done   atomic.Bool
}

// Accept waits for the guest's next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.queue:
		return conn, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "vsock", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Close closes the port and what was not accepted.
func (l *listener) Close() error {
	if !l.done.CompareAndSwap(false, true) {
		return nil
	}
	l.host.mu.Lock()
	delete(l.host.listeners, l.key)
	l.host.mu.Unlock()
	close(l.closed)
	for {
		select {
		case conn := <-l.queue:
			_ = conn.Close()
		default:
			return nil
		}
	}
}

// Addr is the port that the guest dials.
func (l *listener) Addr() net.Addr { return &Addr{CID: HostCID, Port: l.key.port} }

// Port is the port that the guest dials.
func (l *listener) Port() uint32 { return l.key.port }

// Strangers is always 0: each guest has ports of its own.
func (l *listener) Strangers() uint64 { return 0 }
