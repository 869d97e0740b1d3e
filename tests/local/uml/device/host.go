package device

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// host is this process's end of the switch.
type host struct {
	mu        sync.Mutex
	conns     map[connKey]*conn
	listeners map[portKey]*listener
	nextPort  uint32
}

// portKey is a port of this process for one guest.
type portKey struct{ cid, port uint32 }

// connKey is a connection: a port of this process, a guest and its port.
type connKey struct {
	portKey
	guestPort uint32
}

// Link is the way between this process and the guests with a context ID. Each guest has
// ports of this process of its own.
func (s *Switch) Link(cid uint32) transport.Link { return &link{s, cid} }

type link struct {
	net *Switch
	cid uint32
}

// Dial connects to a port of the guest.
func (l *link) Dial(ctx context.Context, port uint32) (transport.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, transport.DefaultDialTimeout)
	defer cancel()
	addr := &Addr{CID: l.cid, Port: port}
	outer, err := l.net.host.dial(ctx, l.net, l.cid, port)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: addr.Network(), Addr: addr, Err: err}
	}
	return outer, nil
}

// Addr is a port of a machine.
type Addr struct{ CID, Port uint32 }

// Network returns "vsock".
func (a *Addr) Network() string { return "vsock" }

// String returns cid:port.
func (a *Addr) String() string { return fmt.Sprintf("%d:%d", a.CID, a.Port) }

// firstPort is where ports for dials begin; those below are for listeners.
const firstPort = 1 << 16

func (h *host) dial(ctx context.Context, s *Switch, cid, port uint32) (transport.Conn, error) {
	s.mu.Lock()
	there := s.guests[cid] != nil
	s.mu.Unlock()
	if !there {
		return nil, transport.ErrNoPeer
	}
	h.mu.Lock()
	h.nextPort = max(h.nextPort+1, firstPort)
	key := connKey{portKey{cid, h.nextPort}, port}
	c, outer, err := newConn(s, key)
	if err == nil {
		h.add(c)
	}
	h.mu.Unlock()
	if err != nil {
		return nil, err
	}
	c.send(opRequest, 0, nil)
	select {
	case <-c.established:
		return outer, nil
	case <-c.gone:
		err = transport.ErrPortClosed
	case <-ctx.Done():
		err = errors.Join(transport.ErrPeerSilent, ctx.Err())
	}
	c.abort()
	_ = outer.Close()
	return nil, err
}

// add is called with the host locked.
func (h *host) add(c *conn) {
	if h.conns == nil {
		h.conns = map[connKey]*conn{}
	}
	h.conns[c.key] = c
}

func (h *host) remove(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conns[c.key] == c {
		delete(h.conns, c.key)
	}
}

// leave ends all connections with a guest that is gone.
func (h *host) leave(cid uint32) {
	h.mu.Lock()
	var all []*conn
	for key, c := range h.conns {
		if key.cid == cid {
			all = append(all, c)
		}
	}
	h.mu.Unlock()
	for _, c := range all {
		c.abort()
	}
}

// take handles a packet to this process.
func (h *host) take(s *Switch, p packet) {
	key := connKey{portKey{uint32(p.from), p.toPort}, p.fromPort}
	h.mu.Lock()
	c := h.conns[key]
	h.mu.Unlock()
	switch {
	case c != nil && p.kind == typeStream:
		c.take(p)
	case p.op == opRequest && p.kind == typeStream && h.accept(s, key, p):
	case p.op != opReset:
		s.deliver(resetOf(p))
	}
}

// resetOf answers a packet that belongs to nothing.
func resetOf(p packet) packet {
	return packet{from: p.to, to: p.from, fromPort: p.toPort, toPort: p.fromPort, kind: p.kind, op: opReset}
}

// accept makes a connection for a listener; false means that nobody listens.
func (h *host) accept(s *Switch, key connKey, p packet) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.listeners[key.portKey]
	if l == nil {
		return false
	}
	c, outer, err := newConn(s, key)
	if err != nil {
		return false
	}
	select {
	case l.queue <- outer:
	default: // as with a full queue of a kernel
		_, _ = c.inner.Close(), outer.Close()
		return false
	}
	h.add(c)
	c.take(p)
	return true
}
