package transporttest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// firstPort is where the guest's free ports begin.
const firstPort = 1 << 20

// guest is the link of the machine behind a device.
type guest struct{ *Device }

// Dial connects to a port that the host listens on.
func (g guest) Dial(ctx context.Context, port uint32) (transport.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", fmt.Sprintf("%s_%d", g.path, port))
	if err != nil {
		addr := &transport.Addr{Path: g.path, Port: port}
		return nil, &net.OpError{Op: "dial", Net: addr.Network(), Addr: addr, Err: fmt.Errorf("%w: %w", transport.ErrPortClosed, err)}
	}
	return c.(transport.Conn), nil
}

// Listen opens a port of the guest.
func (g guest) Listen(_ context.Context, port uint32) (transport.Listener, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if port == transport.AnyPort {
		for port = firstPort; g.ports[port] != nil; {
			port++
		}
	}
	l := &guestListener{
		device: g.Device, addr: &transport.Addr{Path: g.path, Port: port},
		queue: make(chan net.Conn), closed: make(chan struct{}),
	}
	if g.ports[port] != nil {
		return nil, &net.OpError{Op: "listen", Net: l.addr.Network(), Addr: l.addr, Err: syscall.EADDRINUSE}
	}
	g.ports[port] = l
	return l, nil
}

// guestListener gets the connections that the device hands over.
type guestListener struct {
	device *Device
	addr   *transport.Addr
	queue  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a connection of the host.
func (l *guestListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: net.ErrClosed}
	}
}

// Addr is the guest's port.
func (l *guestListener) Addr() net.Addr { return l.addr }

// Port is the guest's port.
func (l *guestListener) Port() uint32 { return l.addr.Port }

// Strangers is always 0: only the host can reach the device.
func (l *guestListener) Strangers() uint64 { return 0 }

// Close frees the port.
func (l *guestListener) Close() error {
	l.device.mu.Lock()
	defer l.device.mu.Unlock()
	if l.device.ports[l.addr.Port] == l {
		delete(l.device.ports, l.addr.Port)
	}
	l.end()
	return nil
}

func (l *guestListener) end() { l.once.Do(func() { close(l.closed) }) }

// put waits until the connection is accepted; it is false when none will be.
func (l *guestListener) put(c net.Conn) bool {
	select {
	case l.queue <- c:
		return true
	case <-l.closed:
		return false
	}
}
