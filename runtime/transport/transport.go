package transport

import (
	"context"
	"net"
	"time"
)

// AnyPort makes a listener choose a free port.
const AnyPort uint32 = 0

// DefaultDialTimeout limits a dial whose Link names no other limit. Linux itself
// gives up after 2 s on AF_VSOCK, and never on a unix socket.
const DefaultDialTimeout = 5 * time.Second

// Conn is a connection with the peer. It ends each direction by itself: after
// CloseWrite the peer reads io.EOF and may go on sending.
type Conn interface {
	net.Conn
	CloseWrite() error
}

// Listener accepts connections of one peer. What Accept returns is a [Conn].
type Listener interface {
	net.Listener
	// Port is the port that the peer dials.
	Port() uint32
	// Strangers counts the connections that were closed because they were not
	// the peer's.
	Strangers() uint64
}

// Link is the way to one peer.
type Link interface {
	// Dial connects to a port of the peer. It gives up at the end of ctx or
	// after the link's timeout, whatever comes first.
	Dial(ctx context.Context, port uint32) (Conn, error)
	// Listen opens a port on this side for the peer. With AnyPort it is a free
	// one. The listener lives until it is closed; ctx bounds the call only.
	Listen(ctx context.Context, port uint32) (Listener, error)
}

// dialContext bounds ctx by timeout, or by the default where that is zero.
func dialContext(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		timeout = DefaultDialTimeout
	}
	return context.WithTimeout(ctx, timeout)
}
