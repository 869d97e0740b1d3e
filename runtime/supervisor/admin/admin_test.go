package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// fakeSupervisor answers as the test wants.
type fakeSupervisor struct {
	description Description
	err         error
	draining    chan struct{} // closed when a drain has begun
	drained     chan struct{} // a drain waits for it
	console     io.ReadCloser

	mu         sync.Mutex
	terminated int
}

func (s *fakeSupervisor) Describe(context.Context) (Description, error) { return s.description, s.err }

func (s *fakeSupervisor) Drain(ctx context.Context) error {
	if s.drained == nil {
		return s.err
	}
	close(s.draining)
	select {
	case <-s.drained:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *fakeSupervisor) Terminate(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.terminated++
	return s.err
}

func (s *fakeSupervisor) Attest(context.Context, control.Attestation) ([]byte, error) {
	return nil, s.err
}

func (s *fakeSupervisor) Console(context.Context) (io.ReadCloser, error) {
	if s.console == nil {
		return nil, fmt.Errorf("in the launcher: %w", launch.ErrNoConsole)
	}
	return s.console, nil
}

// serve returns a client of a supervisor, and what ends the server and waits for it.
func serve(t *testing.T, s Supervisor) (*Client, func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, s) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	t.Cleanup(stop)
	return NewClient(path), stop
}

func TestDescribe(t *testing.T) {
	want := Description{
		State: "ready", Since: time.Unix(2, 0).UTC(), Reason: "because", ProcessID: 7,
		Enclave: &Enclave{
			Name: "pod-0", ID: "i-0-enc1", CID: 16, CPUs: 2, CPUIDs: []int{1, 3}, MemoryMiB: 1024, State: EnclaveRunning, Debug: true,
			Started: time.Unix(1, 0).UTC(), Measurements: &eif.Measurements{PCR0: eif.Digest{1}, PCR8: &eif.Digest{8}},
			Metadata: &eif.Metadata{ImageName: "signer", DockerInfo: json.RawMessage(`{"a":1}`), CustomMetadata: json.RawMessage("null")},
		},
	}
	client, _ := serve(t, &fakeSupervisor{description: want})
	got, err := client.Describe(t.Context())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
}

func TestErrorsArrive(t *testing.T) {
	s := &fakeSupervisor{err: errors.New("no enclave has been started")}
	client, _ := serve(t, s)
	_, describe := client.Describe(t.Context())
	for name, err := range map[string]error{"describe": describe, "drain": client.Drain(t.Context()), "terminate": client.Terminate(t.Context())} {
		if err == nil || err.Error() != s.err.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.Console(t.Context()); !errors.Is(err, launch.ErrNoConsole) {
		t.Errorf("console: %v", err)
	}
	if s.terminated != 1 {
		t.Errorf("terminated %d times", s.terminated)
	}
}

// TestDrainAnswersWhenItIsOver, also when the server is told to end just then.
func TestDrainAnswersWhenItIsOver(t *testing.T) {
	s := &fakeSupervisor{draining: make(chan struct{}), drained: make(chan struct{})}
	client, stop := serve(t, s)
	answered := make(chan error, 1)
	go func() { answered <- client.Drain(context.Background()) }()
	<-s.draining
	select {
	case err := <-answered:
		t.Fatalf("the drain is not over: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	close(s.drained)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	<-stopped
}

// TestEndDoesNotWaitForADrain that hangs.
func TestEndDoesNotWaitForADrain(t *testing.T) {
	s := &fakeSupervisor{draining: make(chan struct{}), drained: make(chan struct{})}
	client, stop := serve(t, s)
	answered := make(chan error, 1)
	go func() { answered <- client.Drain(context.Background()) }()
	<-s.draining
	stop()
	if err := <-answered; err == nil {
		t.Error("a drain that did not end succeeded")
	}
}

// TestConsole: bytes arrive as they come, and the end of either side is the other's.
func TestConsole(t *testing.T) {
	reader, writer := io.Pipe()
	client, stop := serve(t, &fakeSupervisor{console: reader})
	console, err := client.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = console.Close() }()
	for _, text := range []string{"booting", "ready"} {
		if _, err := io.WriteString(writer, text); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(text))
		if _, err := io.ReadFull(console, got); err != nil || string(got) != text {
			t.Fatalf("%q: %v", got, err)
		}
	}
	stop()
	if _, err := writer.Write([]byte("x")); err == nil {
		t.Error("the supervisor's console is still open")
	}
	if _, err := io.ReadAll(console); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestConsoleEndsWithItsReader(t *testing.T) {
	reader, writer := io.Pipe()
	client, _ := serve(t, &fakeSupervisor{console: reader})
	console, err := client.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := console.Close(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := io.WriteString(writer, "nobody reads this"); err != nil {
			return // the package's timeout ends a loop that does not
		}
	}
}

func TestSocketIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: %v", info.Mode(), err)
	}
	if _, err := Listen(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another supervisor") {
		t.Errorf("a second one: %v", err)
	}
}

// TestOtherUsersAreSentAway: the server compares with what the kernel says of the peer.
func TestOtherUsersAreSentAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*ownListener).uid++
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := &fakeSupervisor{}
	go func() { ended <- Serve(ctx, l, s) }()
	if err := NewClient(path).Terminate(t.Context()); err == nil || s.terminated != 0 {
		t.Errorf("terminated %d times: %v", s.terminated, err)
	}
	cancel()
	<-ended
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	old, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	old.(*net.UnixListener).SetUnlinkOnClose(false) // as if it had been killed
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestOtherFilesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), path); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("error: %v", err)
	}
}

func TestNotRunning(t *testing.T) {
	_, err := NewClient(filepath.Join(t.TempDir(), "s.sock")).Describe(t.Context())
	if !errors.Is(err, ErrNotRunning) {
		t.Errorf("error: %v", err)
	}
}

// TestNothingLeaks: calls that ended in all the ways in which they do leave no goroutine.
func TestNothingLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		reader, _ := io.Pipe()
		s := &fakeSupervisor{console: reader, draining: make(chan struct{}), drained: make(chan struct{})}
		client, stop := serve(t, s)
		given, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() { gaveUp <- client.Drain(given) }()
		<-s.draining
		if _, err := client.Describe(t.Context()); err != nil {
			t.Error(err)
		}
		console, err := client.Console(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("drain: %v", err)
		}
		stop()
		_ = console.Close()
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}
