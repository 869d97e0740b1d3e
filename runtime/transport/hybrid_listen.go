package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
)

const (
	// maxSocketPath is the room in sun_path of Linux, less its final NUL.
	maxSocketPath = 107
	// firstFreePort is where free ports are looked for, as with TCP (RFC 6335).
	firstFreePort, lastFreePort = 49152, 65535
	// freePortTries is far more than a folder of one enclave needs.
	freePortTries = 64
)

// Listen opens a port that the guest can dial. See [Link]. A socket that a dead
// process left at its path is removed; one with somebody behind it is not, and the
// call fails with EADDRINUSE. The socket is removed when the listener is closed.
func (h *Hybrid) Listen(ctx context.Context, port uint32) (Listener, error) {
	if port != AnyPort {
		if err := removeStale(ctx, h.socket(port)); err != nil {
			return nil, err
		}
		return h.bind(ctx, port)
	}
	for range freePortTries {
		l, err := h.bind(ctx, firstFreePort+rand.Uint32N(lastFreePort-firstFreePort+1))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
	return nil, fmt.Errorf("no free port found beside %s in %d tries", h.Path, freePortTries)
}

// socket is where the monitor brings what the guest sends to the port.
func (h *Hybrid) socket(port uint32) string { return fmt.Sprintf("%s_%d", h.Path, port) }

func (h *Hybrid) bind(ctx context.Context, port uint32) (Listener, error) {
	path := h.socket(port)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("socket path %q has %d bytes: a unix socket's has at most %d", path, len(path), maxSocketPath)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return &hybridListener{Listener: l, addr: &Addr{Path: h.Path, Port: port}}, nil
}

// removeStale removes a socket that refuses connections.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is in the way: it is no socket", path)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		_ = c.Close()
		return &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: syscall.EADDRINUSE}
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// hybridListener listens for the guest on one port.
type hybridListener struct {
	net.Listener
	addr *Addr
}

// Accept waits for the guest's next connection.
func (l *hybridListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &hybridConn{UnixConn: c.(*net.UnixConn), local: l.addr, remote: &Addr{Path: l.addr.Path}}, nil
}

// Addr is the port that the guest dials.
func (l *hybridListener) Addr() net.Addr { return l.addr }

// Port is the port that the guest dials.
func (l *hybridListener) Port() uint32 { return l.addr.Port }

// Strangers is always 0: the monitor and the folder's permissions decide.
func (l *hybridListener) Strangers() uint64 { return 0 }
