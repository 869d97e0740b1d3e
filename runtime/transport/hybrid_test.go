package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport/transporttest"
)

func device(t *testing.T) *transporttest.Device {
	t.Helper()
	d, err := transporttest.New(t.Context(), filepath.Join(t.TempDir(), "v"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestBothWays talks from each side to the other, with half-close.
func TestBothWays(t *testing.T) {
	d := device(t)
	for name, way := range map[string]struct{ dialer, listener transport.Link }{
		"host to guest": {d.Host(), d.Guest()},
		"guest to host": {d.Guest(), d.Host()},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := way.listener.Listen(t.Context(), transport.AnyPort)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			served := make(chan error, 1)
			go func() { served <- answer(l) }()
			c, err := way.dialer.Dial(t.Context(), l.Port())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			// No deadline is left of the dial, and ours works.
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read past the deadline: %v", err)
			}
			_ = c.SetReadDeadline(time.Time{})
			if _, err := io.WriteString(c, "question"); err != nil {
				t.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(c); string(got) != "QUESTION" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
			if c.RemoteAddr() == nil || c.LocalAddr() == nil {
				t.Error("a connection without addresses")
			}
			_ = c.Close()
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("read after close: %v", err)
			}
		})
	}
}

// answer reads to the end of a connection before it writes.
func answer(l net.Listener) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	b, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if _, err = io.WriteString(c, strings.ToUpper(string(b))); err != nil {
		return err
	}
	return c.(transport.Conn).CloseWrite()
}

func TestHybridDialErrors(t *testing.T) {
	d := device(t)
	if _, err := d.Host().Dial(t.Context(), 5); !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("closed port: %v", err)
	}
	if _, err := d.Guest().Dial(t.Context(), 5); !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("closed port of the host: %v", err)
	}
	host := d.Host()
	_ = d.Close()
	if _, err := host.Dial(t.Context(), 5); !errors.Is(err, transport.ErrNoPeer) {
		t.Errorf("no device: %v", err)
	}
}

// monitor listens at a path and handles connections in a way of its own.
func monitor(t *testing.T, handle func(net.Conn)) *transport.Hybrid {
	t.Helper()
	h := &transport.Hybrid{Path: filepath.Join(t.TempDir(), "v")}
	l, err := net.Listen("unix", h.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handle(c)
		}
	}()
	return h
}

func TestHybridMonitorThatIsNone(t *testing.T) {
	h := monitor(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n") })
	if _, err := h.Dial(t.Context(), 5); !errors.Is(err, transport.ErrHandshake) {
		t.Errorf("dial gave %v", err)
	}
}

func TestHybridSilentMonitor(t *testing.T) {
	h := monitor(t, func(net.Conn) {})
	h.DialTimeout = 10 * time.Millisecond
	_, err := h.Dial(t.Context(), 5)
	var timeout net.Error
	if !errors.Is(err, transport.ErrPeerSilent) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("dial gave %v; want a timeout", err)
	}
	h.DialTimeout = 0
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := h.Dial(ctx, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("dial gave %v; want that it was cancelled", err)
	}
}

// TestHybridPassesTheFirstBytes has the guest speak in the same packet as the OK.
func TestHybridPassesTheFirstBytes(t *testing.T) {
	h := monitor(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, len("CONNECT 5\n")))
		_, _ = io.WriteString(c, "OK 7\nhello")
		_ = c.Close()
	})
	c, err := h.Dial(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if got, _ := io.ReadAll(c); string(got) != "hello" {
		t.Errorf("read %q", got)
	}
	if c.LocalAddr().String() != h.Path+":7" || c.RemoteAddr().String() != h.Path+":5" {
		t.Errorf("addresses are %v and %v", c.LocalAddr(), c.RemoteAddr())
	}
}

// TestHybridWaitsForTheQueue dials a monitor that does not accept yet and whose queue
// is full.
func TestHybridWaitsForTheQueue(t *testing.T) {
	h := &transport.Hybrid{Path: filepath.Join(t.TempDir(), "v")}
	queue := queueOfOne(t, h.Path)
	first, err := net.Dial("unix", h.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if _, err := net.Dial("unix", h.Path); !errors.Is(err, syscall.EAGAIN) {
		t.Fatalf("the queue is not full: %v", err)
	}
	h.DialTimeout = 20 * time.Millisecond
	if _, err := h.Dial(t.Context(), 5); !errors.Is(err, transport.ErrPeerSilent) {
		t.Errorf("dial of a full queue gave %v", err)
	}
	h.DialTimeout = time.Minute
	dialed := make(chan error)
	go func() {
		c, err := h.Dial(t.Context(), 5)
		if err == nil {
			_ = c.Close()
		}
		dialed <- err
	}()
	l, err := net.FileListener(queue)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "OK 1\n")
		}
	}()
	if err := <-dialed; err != nil {
		t.Errorf("dial gave %v once the queue was worked off", err)
	}
}

// queueOfOne listens with the smallest queue, which package net cannot ask for.
func queueOfOne(t *testing.T, path string) *os.File {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "queue")
	t.Cleanup(func() { _ = f.Close() })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestHybridListen(t *testing.T) {
	h := &transport.Hybrid{Path: filepath.Join(t.TempDir(), "v")}
	path := h.Path + "_9000"
	l, err := h.Listen(t.Context(), 9000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Listen(t.Context(), 9000); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second listener: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the socket was left behind")
	}

	leaveStale(t, path)
	l, err = h.Listen(t.Context(), 9000)
	if err != nil {
		t.Fatalf("over a stale socket: %v", err)
	}
	_ = l.Close()

	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Listen(t.Context(), 9000); err == nil {
		t.Error("a file was taken for a stale socket")
	}
}

// leaveStale leaves a socket as a process does that was killed.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
}

func TestHybridPathTooLong(t *testing.T) {
	h := &transport.Hybrid{Path: "/tmp/" + strings.Repeat("x", 100)}
	if _, err := h.Listen(t.Context(), 9000); err == nil || !strings.Contains(err.Error(), "at most 107") {
		t.Errorf("listen gave %v", err)
	}
}
