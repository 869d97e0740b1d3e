//go:build linux

package nitro

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mdlayher/vsock"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// patience is for what comes soon on an idle machine.
const patience = time.Minute

// bench is a node with the model of its driver, and one image. At the end of the test
// nothing may be left of what was launched.
type bench struct {
	*driver
	*Launcher
	port    *nodePort
	content []byte
	log     *logBuffer
	request launch.Request
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{driver: newDriver(), port: &nodePort{}, log: &logBuffer{}, content: content(3<<20 + 77)}
	b.port.call = func() error { return b.call("listen") }
	b.request = launch.Request{Image: imageOf(t, b.content), CPUs: 2, MemoryMiB: 64}
	b.Launcher = &Launcher{
		model: b.driver, Listen: b.port.listen, lockRetry: 2 * time.Millisecond,
		Root:         fstest.MapFS{assetTag: {Data: []byte("i-0123456789abcdef0\n")}},
		Logger:       slog.New(slog.NewTextHandler(b.log, nil)),
		architecture: capacity.X8664,
	}
	checkLeaks(t, b)
	return b
}

// content is n bytes that do not repeat.
func content(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// imageOf writes an image. A launch looks into none.
func imageOf(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.eif")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkLeaks counts now and at the end of the test.
func checkLeaks(t *testing.T, b *bench) {
	// The runtime's own poller takes descriptors with the first pipe.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Close(), w.Close()
	goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)
	t.Cleanup(func() {
		if left := b.left(); left != nil {
			t.Errorf("left of the launch: %v", left)
		}
		if b.port.bound() {
			t.Error("the boot lock was left taken")
		}
		eventually(t, func() bool {
			return runtime.NumGoroutine() <= goroutines && countDescriptors(t) <= descriptors
		})
	})
}

func countDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
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

// launch starts the image and ends it with the test, if the test did not.
func (b *bench) launch(t *testing.T) *Enclave {
	t.Helper()
	e, err := b.Launch(t.Context(), b.request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminate(t, e) })
	return e.(*Enclave)
}

func terminate(t *testing.T, e launch.Enclave) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	if err := e.Terminate(ctx); err != nil {
		t.Error(err)
	}
}

// ended waits for the end and returns its reason.
func ended(t *testing.T, e launch.Enclave) error {
	t.Helper()
	select {
	case <-e.Done():
	case <-time.After(patience):
		t.Fatal("the enclave did not end")
	}
	return e.Err()
}

// nodePort is the node's vsock port of the heartbeat.
type nodePort struct {
	mu      sync.Mutex
	open    *portListener
	refused int
	fail    error
	call    func() error
}

func (p *nodePort) listen(context.Context) (net.Listener, error) {
	if err := p.call(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return nil, &net.OpError{Op: "listen", Net: "vsock", Err: p.fail}
	}
	if p.open != nil {
		p.refused++
		return nil, &net.OpError{Op: "listen", Net: "vsock", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	}
	p.open = &portListener{port: p, queue: make(chan net.Conn), closed: make(chan struct{})}
	return p.open, nil
}

func (p *nodePort) bound() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open != nil
}

// dial connects from a CID.
func (p *nodePort) dial(cid uint32) (net.Conn, error) {
	p.mu.Lock()
	l := p.open
	p.mu.Unlock()
	if l == nil {
		return nil, syscall.ECONNRESET
	}
	ours, theirs := net.Pipe()
	select {
	case l.queue <- &conn{theirs, &vsock.Addr{ContextID: cid, Port: 1234}}:
		return ours, nil
	case <-l.closed:
		return nil, errors.Join(syscall.ECONNRESET, ours.Close(), theirs.Close())
	}
}

// beat is the first program's part of the heartbeat. It returns what came back.
func (p *nodePort) beat(cid uint32, value byte) (string, error) {
	c, err := p.dial(cid)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte{value}); err != nil {
		return "", err
	}
	b := make([]byte, 1)
	n, err := c.Read(b)
	return string(b[:n]), err
}

// conn comes from a CID.
type conn struct {
	net.Conn
	from net.Addr
}

func (c *conn) RemoteAddr() net.Addr { return c.from }

type portListener struct {
	port   *nodePort
	queue  chan net.Conn
	closed chan struct{}
}

func (l *portListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *portListener) Addr() net.Addr { return &vsock.Addr{ContextID: 3, Port: 9000} }

func (l *portListener) Close() error {
	l.port.mu.Lock()
	defer l.port.mu.Unlock()
	if l.port.open != l {
		return net.ErrClosed
	}
	l.port.open = nil
	close(l.closed)
	return nil
}

// logBuffer is a log of several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}
