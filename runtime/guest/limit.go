package guest

import (
	"container/list"
	"context"
	"net"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// maxCallers is how many connections the control channel has at once. The supervisor
// needs two or three. Every pod of the node can connect, as CID 3 like the supervisor,
// and must neither fill the enclave's memory by it nor keep the supervisor out.
const maxCallers = 256

// limitListener lets every connection in. When there are too many, the one of a stranger
// goes that has been there for longest: so a new one, such as the supervisor's, has the
// time to show its token, and is not closed any more once it has.
type limitListener struct {
	net.Listener
	most int

	mu        sync.Mutex
	trusted   int
	strangers list.List // of *limitedConn, the oldest first
}

// Accept waits for a connection. It closes those that come when all others have shown
// the token.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &limitedConn{Conn: conn, listener: l}
		evicted, ok := l.enter(c)
		if evicted != nil {
			_ = evicted.Conn.Close() // its reader ends, and closes it for the second time
		}
		if ok {
			return c, nil
		}
		_ = conn.Close()
	}
}

// enter gives a connection its place, and returns the one that has lost its own by it.
func (l *limitListener) enter(c *limitedConn) (evicted *limitedConn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trusted+l.strangers.Len() >= l.most {
		oldest := l.strangers.Front()
		if oldest == nil {
			return nil, false
		}
		evicted, _ = l.strangers.Remove(oldest).(*limitedConn)
		evicted.place = nil
	}
	c.place = l.strangers.PushBack(c)
	return evicted, true
}

// limitedConn is a connection with a place.
type limitedConn struct {
	net.Conn
	listener *limitListener
	// place is the one among strangers; nil for a connection that is trusted or out.
	place   *list.Element
	trusted bool
}

// trust moves the connection out of the strangers' reach, or back. One that has lost its
// place stays without.
func (c *limitedConn) trust(yes bool) {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case yes && c.place != nil:
		l.strangers.Remove(c.place)
		c.place, c.trusted = nil, true
		l.trusted++
	case !yes && c.trusted:
		c.trusted = false
		l.trusted--
		c.place = l.strangers.PushBack(c)
	}
}

// Close closes the connection and gives its place back.
func (c *limitedConn) Close() error {
	l := c.listener
	l.mu.Lock()
	if c.place != nil {
		l.strangers.Remove(c.place)
		c.place = nil
	}
	if c.trusted {
		c.trusted = false
		l.trusted--
	}
	l.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends one direction, which net/http does so that a last answer is read.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// withTrust lets the server of the protocol say who has shown the token.
func withTrust(ctx context.Context, c net.Conn) context.Context {
	if limited, ok := c.(*limitedConn); ok {
		return control.WithTrust(ctx, limited.trust)
	}
	return ctx
}
