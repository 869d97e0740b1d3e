package bootlock

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// node has one port, as loopback has: whoever binds it holds the lock.
func node(t *testing.T) func(context.Context) (net.Listener, error) {
	t.Helper()
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	return func(ctx context.Context) (net.Listener, error) {
		var config net.ListenConfig
		return config.Listen(ctx, "tcp4", address)
	}
}

// TestTake has four launches at the same moment, as the pods of a node that was restarted.
func TestTake(t *testing.T) {
	lock := Lock{Listen: node(t), Retry: time.Millisecond}
	var all sync.WaitGroup
	var holders, taken atomic.Int32
	for range 4 {
		all.Go(func() {
			port, err := lock.Take(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d hold the lock", n)
			}
			taken.Add(1)
			time.Sleep(5 * time.Millisecond)
			holders.Add(-1)
			_ = port.Close()
		})
	}
	all.Wait()
	if taken.Load() != 4 {
		t.Errorf("%d of 4 got the lock", taken.Load())
	}
}

// TestWaiting: that others are waited for is said once.
func TestWaiting(t *testing.T) {
	var log strings.Builder
	lock := Lock{Listen: node(t), Retry: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	first, err := lock.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { _ = first.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	second, err := lock.Take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
	// The limit is the caller's, which comes before the lock's own.
	if n := strings.Count(log.String(), `msg="waiting for another enclave of this node to boot" timeout=1m`); n != 1 {
		t.Errorf("it was logged %d times that a launch waits:\n%s", n, log.String())
	}
}

func TestTimeout(t *testing.T) {
	lock := Lock{Listen: node(t), Retry: time.Millisecond, Timeout: 10 * time.Millisecond}
	first, err := lock.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if _, err := lock.Take(t.Context()); !errors.Is(err, ErrHeld) || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a lock that is held: %v", err)
	}
	impatient := errors.New("told to end")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(impatient)
	if _, err := lock.Take(ctx); !errors.Is(err, impatient) || errors.Is(err, ErrHeld) {
		t.Errorf("a launch that is told to end: %v", err)
	}
}

// TestNoUseInWaiting: what will not get better by itself fails at once.
func TestNoUseInWaiting(t *testing.T) {
	refused := os.NewSyscallError("socket", syscall.EPERM)
	calls := 0
	lock := Lock{Listen: func(context.Context) (net.Listener, error) { calls++; return nil, refused }}
	if port, err := lock.Take(t.Context()); !errors.Is(err, syscall.EPERM) || port != nil || calls != 1 {
		t.Errorf("%v, %v after %d calls", port, err, calls)
	}
}
