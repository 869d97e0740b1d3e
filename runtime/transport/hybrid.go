package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// Hybrid is a Link of the host to a guest whose vsock is joined to unix sockets, in
// the protocol of Firecracker (docs/vsock.md there), which vhost-device-vsock speaks
// too. A dial connects to the monitor's socket and names the port in a line. A port
// P that the guest dials is a socket that the host listens on, at Path_P.
//
// Who may connect is decided by the permissions of the folder: give it to one user.
type Hybrid struct {
	// Path is the monitor's socket (uds_path of Firecracker, uds-path of
	// vhost-device-vsock).
	Path string
	// DialTimeout limits a dial with its handshake. Zero means DefaultDialTimeout.
	DialTimeout time.Duration
}

var _ Link = (*Hybrid)(nil)

// Addr is a port behind a hybrid socket.
type Addr struct {
	// Path is the monitor's socket.
	Path string
	// Port is the vsock port.
	Port uint32
}

// Network returns "hybrid".
func (a *Addr) Network() string { return "hybrid" }

// String returns path:port.
func (a *Addr) String() string { return fmt.Sprintf("%s:%d", a.Path, a.Port) }

// Dial connects to a port of the guest. See [Link].
func (h *Hybrid) Dial(ctx context.Context, port uint32) (Conn, error) {
	ctx, cancel := dialContext(ctx, h.DialTimeout)
	defer cancel()
	addr := &Addr{Path: h.Path, Port: port}
	c, err := connect(ctx, h.Path)
	if err != nil {
		return nil, dialError(addr.Network(), addr, ErrNoPeer, err)
	}
	local, err := handshake(ctx, c, port)
	if err != nil {
		_ = c.Close()
		return nil, dialError(addr.Network(), addr, ErrNoPeer, err)
	}
	return &hybridConn{UnixConn: c.(*net.UnixConn), local: &Addr{Path: h.Path, Port: local}, remote: addr}, nil
}

// queueFull is how long to wait before a full queue is tried again.
const queueFull = 5 * time.Millisecond

// connect waits while the monitor's queue is full: a connect that must not block gets
// EAGAIN from Linux then, which package net returns as an error.
func connect(ctx context.Context, path string) (net.Conn, error) {
	for {
		var d net.Dialer
		c, err := d.DialContext(ctx, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) {
			return c, err
		}
		select {
		case <-time.After(queueFull):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// handshake asks for the port and returns the one that the monitor chose for this
// side. It leaves no deadline behind.
func handshake(ctx context.Context, c net.Conn, port uint32) (uint32, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	local, err := request(c, port)
	if !stop() {
		return 0, context.Cause(ctx)
	}
	return local, err
}

func request(c io.ReadWriter, port uint32) (uint32, error) {
	if _, err := fmt.Fprintf(c, "CONNECT %d\n", port); err != nil {
		return 0, err
	}
	return readOK(c)
}

// hybridConn is a unix socket that knows of which ports it is.
type hybridConn struct {
	*net.UnixConn
	local, remote *Addr
}

// LocalAddr is the port on this side.
func (c *hybridConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the port of the peer; 0 where the protocol does not tell it.
func (c *hybridConn) RemoteAddr() net.Addr { return c.remote }
