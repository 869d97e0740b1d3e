package transport

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/vsock"
)

// fakeSockets answers in the kernel's place.
type fakeSockets struct {
	err   error
	conns chan net.Conn
	bound vsock.Addr
}

func (f *fakeSockets) dial(ctx context.Context, cid, port uint32) (Conn, error) {
	if f.err == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, &net.OpError{Op: "dial", Net: "vsock", Addr: &vsock.Addr{ContextID: cid, Port: port}, Err: f.err}
}

func (f *fakeSockets) listen(cid, port uint32) (net.Listener, error) {
	if f.err != nil {
		return nil, &net.OpError{Op: "listen", Net: "vsock", Err: f.err}
	}
	if port == AnyPort {
		port = 1023
	}
	f.bound = vsock.Addr{ContextID: cid, Port: port}
	return f, nil
}

func (f *fakeSockets) Accept() (net.Conn, error) {
	c, ok := <-f.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (f *fakeSockets) Addr() net.Addr { return &f.bound }
func (f *fakeSockets) Close() error   { return nil }

// fakeConn comes from a CID.
type fakeConn struct {
	net.Conn
	remote net.Addr
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr { return c.remote }
func (c *fakeConn) Close() error         { c.closed = true; return nil }

func from(cid uint32) *fakeConn { return &fakeConn{remote: &vsock.Addr{ContextID: cid, Port: 77}} }

func TestVSockDialErrors(t *testing.T) {
	connect := func(e syscall.Errno) error { return os.NewSyscallError("connect", e) }
	for _, c := range []struct {
		err, kind error
		timeout   bool
	}{
		{connect(syscall.ECONNRESET), ErrPortClosed, false},
		{connect(syscall.ECONNREFUSED), ErrPortClosed, false},
		{connect(syscall.ENODEV), ErrNoPeer, false},
		{connect(syscall.ENETUNREACH), ErrNoPeer, false},
		{connect(syscall.ETIMEDOUT), ErrPeerSilent, true},
		{context.DeadlineExceeded, ErrPeerSilent, true},
		{os.NewSyscallError("socket", syscall.EAFNOSUPPORT), ErrUnsupported, false},
		{os.NewSyscallError("socket", syscall.EPERM), ErrUnsupported, false},
		{io.EOF, ErrPortClosed, false},
		{nil, ErrPeerSilent, true}, // Our own limit.
	} {
		v := &VSock{Peer: 16, DialTimeout: time.Millisecond, sockets: &fakeSockets{err: c.err}}
		_, err := v.Dial(t.Context(), 9000)
		if !errors.Is(err, c.kind) {
			t.Errorf("%v became %v; want %v", c.err, err, c.kind)
		}
		var op *net.OpError
		if !errors.As(err, &op) || op.Timeout() != c.timeout || op.Addr.String() != "vm(16):9000" {
			t.Errorf("%v became %#v", c.err, err)
		}
		if c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%v got lost in %v", c.err, err)
		}
	}
}

func TestVSockDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := &VSock{Peer: 16, sockets: &fakeSockets{}}
	if _, err := v.Dial(ctx, 1); !errors.Is(err, context.Canceled) || errors.Is(err, ErrPeerSilent) {
		t.Errorf("dial with a cancelled context: %v", err)
	}
}

func TestVSockListensForItsPeerOnly(t *testing.T) {
	var log strings.Builder
	f := &fakeSockets{conns: make(chan net.Conn, 8)}
	v := &VSock{Peer: 16, sockets: f, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	l, err := v.Listen(t.Context(), AnyPort)
	if err != nil {
		t.Fatal(err)
	}
	if l.Port() != 1023 || f.bound.ContextID != AnyCID {
		t.Errorf("bound %v; want any CID and the kernel's port", &f.bound)
	}
	strangers := []*fakeConn{from(3), from(17), {remote: &net.TCPAddr{}}}
	for _, s := range strangers {
		f.conns <- s
	}
	friend := from(16)
	f.conns <- friend
	close(f.conns)
	if c, err := l.Accept(); err != nil || c != net.Conn(friend) {
		t.Fatalf("accepted %v, %v", c, err)
	}
	for _, s := range strangers {
		if !s.closed {
			t.Errorf("%v was left open", s.remote)
		}
	}
	if l.Strangers() != 3 || strings.Count(log.String(), "stranger") != 3 || friend.closed {
		t.Errorf("%d strangers, log:\n%s", l.Strangers(), log.String())
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept on a closed listener: %v", err)
	}
}

func TestVSockListensForAnybody(t *testing.T) {
	f := &fakeSockets{conns: make(chan net.Conn, 1)}
	l, err := (&VSock{Peer: AnyCID, Bind: 4, sockets: f}).Listen(t.Context(), 5005)
	if err != nil {
		t.Fatal(err)
	}
	f.conns <- from(99)
	if _, err := l.Accept(); err != nil || l.Strangers() != 0 || f.bound.ContextID != 4 || l.Port() != 5005 {
		t.Errorf("accepted %v; bound %v, %d strangers", err, &f.bound, l.Strangers())
	}
}

func TestVSockListenErrors(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{
		syscall.EPERM: ErrUnsupported, syscall.EAFNOSUPPORT: ErrUnsupported, syscall.EADDRINUSE: syscall.EADDRINUSE,
	} {
		v := &VSock{Peer: 16, sockets: &fakeSockets{err: os.NewSyscallError("bind", errno)}}
		_, err := v.Listen(t.Context(), 9000)
		if !errors.Is(err, want) || !errors.Is(err, errno) {
			t.Errorf("%v became %v", errno, err)
		}
	}
}

func TestCID(t *testing.T) {
	if cid, ok := CID(&vsock.Addr{ContextID: 16, Port: 9}); cid != 16 || !ok {
		t.Errorf("got %d, %t", cid, ok)
	}
	if _, ok := CID(&Addr{Path: "v", Port: 9}); ok {
		t.Error("a hybrid address has no CID")
	}
}
