package heartbeat

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func everybody(net.Conn) bool { return true }

// await runs Await on a listener on loopback and returns its address and result.
func await(ctx context.Context, t *testing.T, admit func(net.Conn) bool) (net.Listener, <-chan error) {
	t.Helper()
	goroutines := runtime.NumGoroutine()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- Await(ctx, l, admit) }()
	t.Cleanup(func() {
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener was left open: %v", err)
		}
		for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > goroutines; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a goroutine was left")
			}
		}
	})
	return l, result
}

// send connects, sends text and returns all that comes back.
func send(t *testing.T, l net.Listener, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, text)
	// A reset is as good an end as any: the other side did not read all that was sent.
	_ = c.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(c)
	return string(answer)
}

// heartbeat is the byte, which as a rune would be two.
func heartbeat() string { return string([]byte{contract.HeartbeatByte}) }

func TestAwait(t *testing.T) {
	l, result := await(t.Context(), t, everybody)
	if got := send(t, l, heartbeat()); got != heartbeat() {
		t.Errorf("the answer is %q", got)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestAwaitGoesOn has strangers and broken heartbeats come first.
func TestAwaitGoesOn(t *testing.T) {
	var seen int
	l, result := await(t.Context(), t, func(net.Conn) bool { seen++; return seen > 2 })
	for _, text := range []string{heartbeat(), heartbeat(), "", "\x00", "\xb6\xb7"} {
		if got := send(t, l, text); got != "" {
			t.Errorf("%q was answered %q", text, got)
		}
	}
	if got := send(t, l, heartbeat()); got != heartbeat() {
		t.Errorf("the answer is %q", got)
	}
	if err := <-result; err != nil || seen != 6 {
		t.Errorf("%v after %d connections", err, seen)
	}
}

func TestAwaitEndsWithContext(t *testing.T) {
	dead := errors.New("it died")
	for name, before := range map[string]func(*testing.T, net.Listener){
		"before anybody came": func(*testing.T, net.Listener) {},
		"after a broken one":  func(t *testing.T, l net.Listener) { send(t, l, "x") },
		"while one is silent": func(t *testing.T, l net.Listener) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			l, result := await(ctx, t, everybody)
			before(t, l)
			cancel(dead)
			if err := <-result; !errors.Is(err, dead) {
				t.Error(err)
			}
		})
	}
}

// TestAwaitNamesTheLastFault tells a foreign first program from a silent one.
func TestAwaitNamesTheLastFault(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, result := await(ctx, t, everybody)
	send(t, l, "x")
	cancel()
	if err := <-result; err == nil || !strings.Contains(err.Error(), "the heartbeat is 0x78; it must be 0xb7") {
		t.Error(err)
	}
}

func TestAwaitFailsWithTheListener(t *testing.T) {
	l, result := await(t.Context(), t, everybody)
	_ = l.Close()
	if err := <-result; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
