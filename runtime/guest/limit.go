package guest

import (
	"net"
	"sync"
	"sync/atomic"
)

// maxCallers is how many connections the control channel has at once. The supervisor
// needs two or three. Every pod of the node can connect, and must not be able to fill
// the enclave's memory by it; that it can keep the supervisor out for as long as it
// tries is a denial of service which nothing here prevents.
const maxCallers = 256

// limitListener closes connections above a number at once.
type limitListener struct {
	net.Listener
	most   int64
	active atomic.Int64
}

// Accept waits for a connection that there is room for.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.active.Add(1) <= l.most {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.active.Add(-1) })}, nil
		}
		l.active.Add(-1)
		_ = conn.Close()
	}
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite ends one direction, which net/http does so that a last answer is read.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
