//go:build linux

package nitro

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

func TestDeathWhileRunning(t *testing.T) {
	b := newBench(t)
	e := b.launch(t)
	beat(t, b, e)
	b.kill(e.Info().CID)
	if err := ended(t, e); err == nil || err.Error() != ErrEnded.Error() {
		t.Errorf("it ended: %v", err)
	}
	if left := b.left(); left != nil {
		t.Errorf("it is done, and has still %v", left)
	}
	terminate(t, e) // After the end, it does nothing.
	if err := e.Err(); !errors.Is(err, ErrEnded) {
		t.Errorf("it ended: %v", err)
	}
}

// TestOutlivesItsContext ends the context of the launch.
func TestOutlivesItsContext(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	e, err := b.Launch(ctx, b.request)
	if err != nil {
		t.Fatal(err)
	}
	defer terminate(t, e)
	cancel()
	beat(t, b, e)
	select {
	case <-e.Done():
		t.Error("it ended with the context of its launch")
	default:
	}
}

func TestTerminateTogether(t *testing.T) {
	b := newBench(t)
	e := b.launch(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { terminate(t, e) })
	}
	all.Wait()
	if err := ended(t, e); err != nil {
		t.Error(err)
	}
}

// TestTerminateIsSlow has the driver take its time to stop the enclave.
func TestTerminateIsSlow(t *testing.T) {
	b := newBench(t)
	proceed := make(chan struct{})
	b.before = func(call string) error {
		if call == "close enclave" {
			<-proceed
		}
		return nil
	}
	e := b.launch(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := e.Terminate(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("terminate gave %v", err)
	}
	select {
	case <-e.Done():
		t.Error("done before the driver is")
	default:
	}
	close(proceed)
	terminate(t, e)
}

// failingClose has a driver that reports an error when the enclave is closed.
type failingClose struct{ *driver }

func (f failingClose) close(fd int) error { return errors.Join(f.driver.close(fd), unix.EIO) }

func TestTerminateReportsWhatFailed(t *testing.T) {
	b := newBench(t)
	b.model = failingClose{b.driver}
	e := b.launch(t)
	terminate(t, e)
	if err := ended(t, e); !errors.Is(err, unix.EIO) {
		t.Errorf("it ended: %v", err)
	}
}

// withConsole returns the hypervisor's side of a console.
func withConsole(b *bench, port *uint32) net.Conn {
	ours, theirs := net.Pipe()
	b.DialConsole = func(_ context.Context, p uint32) (net.Conn, error) {
		*port = p
		return theirs, nil
	}
	return ours
}

func TestConsole(t *testing.T) {
	b := newBench(t)
	b.request.Debug = true
	var port uint32
	hypervisor := withConsole(b, &port)
	defer func() { _ = hypervisor.Close() }()
	e := b.launch(t)
	if !e.Info().Debug || !b.find(e.Info().CID).debug {
		t.Error("it is not in debug mode")
	}
	r, err := e.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if port != 10016 {
		t.Errorf("the console of CID 16 is port %d", port)
	}
	// What it writes last is read after its end.
	b.kill(e.Info().CID)
	go func() { _, _ = io.WriteString(hypervisor, "Kernel panic") }()
	if text, err := io.ReadAll(r); string(text) != "Kernel panic" || err != nil {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestConsoleIsClosed(t *testing.T) {
	b := newBench(t)
	b.request.Debug = true
	var port uint32
	hypervisor := withConsole(b, &port)
	e := b.launch(t)
	r, err := e.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := hypervisor.Write([]byte("x")); err == nil {
		t.Error("it is still read")
	}
	_ = hypervisor.Close()
}

func TestNoConsole(t *testing.T) {
	b := newBench(t)
	b.DialConsole = func(context.Context, uint32) (net.Conn, error) {
		t.Error("it was dialed")
		return nil, unix.ENODEV
	}
	if _, err := b.launch(t).Console(t.Context()); !errors.Is(err, launch.ErrNoConsole) {
		t.Error(err)
	}
}

func TestConsoleCannotBeDialed(t *testing.T) {
	b := newBench(t)
	b.request.Debug = true
	b.DialConsole = func(context.Context, uint32) (net.Conn, error) { return nil, unix.ENODEV }
	if _, err := b.launch(t).Console(t.Context()); !errors.Is(err, unix.ENODEV) {
		t.Error(err)
	}
}
