package bridge

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen; none takes as long.
const patience = 60 * time.Second

// pair is a bridge between a listener of its own and a backend, of either network.
type pair struct {
	*Bridge
	front, back net.Listener

	mu      sync.Mutex
	results []Result
	served  chan error
	stop    context.CancelCauseFunc
}

// start serves a bridge from one network to another. set may change it before.
func start(t *testing.T, front, back string, set func(*Bridge)) *pair {
	t.Helper()
	p := &pair{front: listen(t, front), back: listen(t, back), served: make(chan error, 1)}
	p.Bridge = &Bridge{Name: t.Name(), Observe: func(r Result) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.results = append(p.results, r)
	}}
	p.Dial = func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, p.back.Addr().Network(), p.back.Addr().String())
	}
	if set != nil {
		set(p.Bridge)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	p.stop = cancel
	go func() { p.served <- p.Serve(ctx, p.front) }()
	t.Cleanup(func() {
		p.Close()
		cancel(nil)
	})
	return p
}

func listen(t *testing.T, network string) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// client connects to the bridge.
func (p *pair) client(t *testing.T) halfCloser {
	t.Helper()
	c, err := net.Dial(p.front.Addr().Network(), p.front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return guarded(t, c)
}

// server takes the next connection at the backend.
func (p *pair) server(t *testing.T) halfCloser {
	t.Helper()
	c, err := p.back.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return guarded(t, c)
}

// guarded keeps a broken test from hanging.
func guarded(t *testing.T, c net.Conn) halfCloser {
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c.(halfCloser)
}

func (p *pair) both(t *testing.T) (client, server halfCloser) {
	client = p.client(t)
	return client, p.server(t)
}

// result waits for the n-th result.
func (p *pair) result(t *testing.T, n int) Result {
	t.Helper()
	var r Result
	eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.results) < n {
			return false
		}
		r = p.results[n-1]
		return true
	})
	return r
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("it did not come to pass; goroutines:\n%s", buf[:runtime.Stack(buf, true)])
		}
	}
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, c net.Conn, text string) {
	t.Helper()
	b := make([]byte, len(text))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != text {
		t.Fatalf("read %q, %v; want %q", b, err, text)
	}
}

func expectEOF(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("read %d bytes, %v; want the end", n, err)
	}
}

// pairs are the combinations of networks that tests run on.
var pairs = []struct{ front, back string }{{"tcp", "tcp"}, {"tcp", "unix"}, {"unix", "tcp"}}

func onEachPair(t *testing.T, test func(t *testing.T, front, back string)) {
	for _, n := range pairs {
		t.Run(n.front+" to "+n.back, func(t *testing.T) { test(t, n.front, n.back) })
	}
}
