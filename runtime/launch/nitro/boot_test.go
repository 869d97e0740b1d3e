//go:build linux

package nitro

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/bootlock"
)

func TestBootTimeout(t *testing.T) {
	for _, c := range []struct {
		image  int64
		memory int
		want   time.Duration
	}{
		{1, 64, 180 * time.Second},
		{6 << 30, 100 << 10, 180 * time.Second},
		{6<<30 + 1, 100 << 10, 270 * time.Second},
		{6 << 30, 100<<10 + 1, 270 * time.Second},
		{20 << 30, 250 << 10, 630 * time.Second},
	} {
		if got := BootTimeout(c.image, c.memory); got != c.want {
			t.Errorf("%d bytes, %d MiB: %v; want %v", c.image, c.memory, got, c.want)
		}
	}
}

// TestBootLock launches twice at the same time: the second is not started before the first
// has booted.
func TestBootLock(t *testing.T) {
	b := newBench(t)
	first := b.launch(t)
	second := make(chan launch.Enclave)
	go func() {
		e, err := b.Launch(t.Context(), b.request)
		if err != nil {
			t.Error(err)
		}
		second <- e
	}()
	eventually(t, func() bool {
		b.port.mu.Lock()
		defer b.port.mu.Unlock()
		return b.port.refused > 2
	})
	select {
	case <-second:
		t.Fatal("both boot at once")
	default:
	}
	if n := b.log.count("waiting for another enclave of this node to boot"); n != 1 {
		t.Errorf("it was logged %d times that a launch waits", n)
	}
	beat(t, b, first)
	e := <-second
	beat(t, b, e)
	terminate(t, e)
}

// TestBootLockSerialises launches many, as restarted pods of a node do.
func TestBootLockSerialises(t *testing.T) {
	b := newBench(t)
	b.cores = [][]uint32{{1}, {2}, {3}, {4}}
	b.request.CPUs = 1
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			e, err := b.Launch(t.Context(), b.request)
			if err != nil {
				t.Error(err)
				return
			}
			beat(t, b, e)
			terminate(t, e)
		})
	}
	all.Wait()
}

// beat is what the first program of an enclave does.
func beat(t *testing.T, b *bench, e launch.Enclave) {
	t.Helper()
	if _, err := b.port.beat(e.Info().CID, contract.HeartbeatByte); err != nil {
		t.Error(err)
	}
	if err := e.Booted(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBootLockTimeout(t *testing.T) {
	b := newBench(t)
	holder := b.launch(t)
	b.BootLockTimeout = 20 * time.Millisecond
	_, err := b.Launch(t.Context(), b.request)
	var failed *Error
	if !errors.As(err, &failed) || failed.Step != StepBootLock || !errors.Is(err, bootlock.ErrHeld) || !errors.Is(err, unix.EADDRINUSE) || failed.Cure == "" {
		t.Errorf("launch gave %v", err)
	}
	b.BootLockTimeout = 0
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := b.Launch(ctx, b.request); !errors.Is(err, context.Canceled) {
		t.Errorf("launch gave %v; want that it was cancelled", err)
	}
	if !b.port.bound() {
		t.Error("the lock of the other was given back")
	}
	beat(t, b, holder)
}

// TestBootStrangers has another enclave of the node send the heartbeat.
func TestBootStrangers(t *testing.T) {
	b := newBench(t)
	e := b.launch(t)
	for range 2 {
		if got, err := b.port.beat(e.Info().CID+1, contract.HeartbeatByte); got != "" || err == nil {
			t.Errorf("a stranger was answered %q", got)
		}
	}
	if got, err := b.port.beat(e.Info().CID, 0xb6); got != "" || err == nil {
		t.Errorf("a wrong byte was answered %q", got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("no more patience")
	cancel(impatient)
	if err := e.Booted(ctx); !errors.Is(err, impatient) {
		t.Errorf("booted: %v", err)
	}
	beat(t, b, e)
	if err := e.Booted(ctx); err != nil {
		t.Errorf("booted a second time: %v", err)
	}
	if n := b.log.count("closed a stranger's connection"); e.Strangers() != 2 || n != 2 {
		t.Errorf("%d strangers were counted and %d logged", e.Strangers(), n)
	}
}

// TestBootGivesUp has no heartbeat in time: the lock is free for others, and the enclave
// runs until it is terminated.
func TestBootGivesUp(t *testing.T) {
	b := newBench(t)
	b.bootTimeout = time.Millisecond
	e := b.launch(t)
	if err := e.Booted(t.Context()); !errors.Is(err, ErrBootTimeout) {
		t.Errorf("booted: %v", err)
	}
	if b.port.bound() {
		t.Error("the boot lock is still held")
	}
	select {
	case <-e.Done():
		t.Error("the enclave ended")
	default:
	}
	terminate(t, e)
	if err := ended(t, e); err != nil {
		t.Error(err)
	}
}

func TestDeathWhileBooting(t *testing.T) {
	b := newBench(t)
	e := b.launch(t)
	if e.Err() != nil {
		t.Error("a running enclave has a reason for its end")
	}
	b.kill(e.Info().CID)
	if err := e.Booted(t.Context()); !errors.Is(err, ErrEnded) {
		t.Errorf("booted: %v", err)
	}
	if err := ended(t, e); !errors.Is(err, ErrEnded) || err.Error() != "before its first sign of life: "+ErrEnded.Error() {
		t.Errorf("it ended: %v", err)
	}
}

func TestTerminateWhileBooting(t *testing.T) {
	b := newBench(t)
	e := b.launch(t)
	terminate(t, e)
	if err := e.Booted(t.Context()); !errors.Is(err, ErrTerminated) {
		t.Errorf("booted: %v", err)
	}
	if err := ended(t, e); err != nil {
		t.Errorf("it ended: %v", err)
	}
}
