package chamber

import (
	"bytes"
	"net"
	"sync"
)

// tapBytes is how much of a connection is kept of each direction.
const tapBytes = 256 << 10

// tap keeps what comes out of the supervisor, and goes back into it, on the connections to
// one service: all that the supervisor can have seen of them.
type tap struct {
	net.Listener
	mu    sync.Mutex
	conns []*tapped
}

type tapped struct {
	net.Conn
	mu       sync.Mutex
	in, back bytes.Buffer
}

// Accept implements [net.Listener].
func (l *tap) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tapped{Conn: c}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, t)
	return t, nil
}

// Read implements [net.Conn].
func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.keep(&c.in, p[:n])
	return n, err
}

// Write implements [net.Conn].
func (c *tapped) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.keep(&c.back, p[:n])
	return n, err
}

func (c *tapped) keep(to *bytes.Buffer, p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to.Write(p[:min(len(p), tapBytes-to.Len())])
}

// Traffic is what went over one connection, both ways.
type Traffic struct{ Sent, Received []byte }

// traffic is that of all connections so far.
func (l *tap) traffic() []Traffic {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Traffic
	for _, c := range l.conns {
		c.mu.Lock()
		all = append(all, Traffic{bytes.Clone(c.in.Bytes()), bytes.Clone(c.back.Bytes())})
		c.mu.Unlock()
	}
	return all
}
