//go:build linux

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/ingress"
	guestlaunch "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/logs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport/transporttest"
)

// fakeLauncher starts a real guest, with a real payload, in this process.
type fakeLauncher struct {
	policy   policy.Policy
	env      []string // of the payload
	port     uint16   // of the payload's API
	root     string   // of the payload
	findings []launch.Finding
	refuses  error
	// hold keeps a preflight from ending, slow a launch, until the test lets them go.
	hold, slow chan struct{}
	// mute is an enclave whose first program never says a word, deaf one that answers no
	// call, spied one that somebody else has put into debug mode.
	mute, deaf, spied bool
	// meddle is called when the guest waits for its bootstrap.
	meddle func(e *fakeEnclave)

	mu      sync.Mutex
	enclave *fakeEnclave
}

func (l *fakeLauncher) Preflight(ctx context.Context, _ launch.Request) []launch.Finding {
	if l.hold != nil {
		select {
		case <-l.hold:
		case <-ctx.Done():
		}
	}
	return l.findings
}

func (l *fakeLauncher) Launch(ctx context.Context, r launch.Request) (launch.Enclave, error) {
	if l.slow != nil {
		select {
		case <-l.slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if l.refuses != nil {
		return nil, l.refuses
	}
	// A socket's path is short, whatever the test's name.
	folder, err := os.MkdirTemp("", "enclave")
	if err != nil {
		return nil, err
	}
	device, err := transporttest.New(context.WithoutCancel(ctx), filepath.Join(folder, "v"))
	if err != nil {
		return nil, err
	}
	e := &fakeEnclave{launcher: l, folder: folder, device: device, done: make(chan struct{}), debug: r.Debug, started: time.Now()}
	if err := e.start(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.enclave = e
	l.mu.Unlock()
	return e, nil
}

// running is the enclave that was started, or nil.
func (l *fakeLauncher) running() *fakeEnclave {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enclave
}

type fakeEnclave struct {
	launcher  *fakeLauncher
	folder    string
	device    *transporttest.Device
	heartbeat transport.Listener
	guest     *guest.Guest
	cancel    context.CancelFunc // of everything
	silence   context.CancelFunc // of the control channel
	served    chan struct{}
	debug     bool
	started   time.Time
	reaping   sync.WaitGroup

	once       sync.Once
	done       chan struct{}
	err        error
	terminated bool
}

func (e *fakeEnclave) start(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	answering, silence := context.WithCancel(ctx)
	e.cancel, e.silence, e.served = cancel, silence, make(chan struct{})
	var err error
	if e.heartbeat, err = e.device.Host().Listen(ctx, contract.PortHeartbeat); err != nil {
		return err
	}
	buffer := logs.New(1000, 1<<20)
	value := measured
	if e.debug || e.launcher.spied {
		value = make(attest.PCR, 48)
	}
	config := guest.Config{
		Policy: e.launcher.policy,
		Launch: guestlaunch.Spec{
			Command: []string{"/proc/self/exe"}, Env: e.launcher.env, WorkingDir: "/", User: fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()),
		},
		Module: fakeModule{value}, Machine: fakeMachine{}, Reaper: process.NewReaper(), Logs: buffer, Log: buffer.Logger(io.Discard),
		Root: e.launcher.root, Link: func(uint32) transport.Link { return e.device.Guest() },
		Ports: []uint16{e.launcher.port}, Listening: ingress.Listening,
	}
	listener, err := e.device.Guest().Listen(ctx, contract.PortControl)
	if err != nil {
		return err
	}
	e.reaping.Go(func() { config.Reaper.Run(ctx) })
	e.guest = guest.New(ctx, config)
	go func() {
		defer close(e.served)
		if e.launcher.deaf {
			<-ctx.Done()
			return
		}
		if e.guest.Serve(answering, listener) == nil {
			e.ends(nil) // the machine restarts
		}
	}()
	if e.launcher.meddle != nil {
		e.launcher.meddle(e)
	}
	if !e.launcher.mute {
		go func() { _ = guest.Heartbeat(ctx, e.device.Guest()) }()
	}
	return nil
}

func (e *fakeEnclave) ends(err error) {
	e.once.Do(func() {
		e.err = err
		close(e.done)
	})
}

// die ends the enclave as a kill of its process does: no connection is told.
func (e *fakeEnclave) die() { e.ends(errors.New("killed")) }

// hang makes it answer nobody any more.
func (e *fakeEnclave) hang() { e.silence() }

func (e *fakeEnclave) Info() launch.Info {
	return launch.Info{ID: "i-0123456789abcdef0-enc0123456789abcdef", CID: 16, CPUCount: 2, MemoryMiB: 512, Debug: e.debug, Started: e.started}
}
func (e *fakeEnclave) Link() transport.Link  { return e.device.Host() }
func (e *fakeEnclave) Done() <-chan struct{} { return e.done }
func (e *fakeEnclave) Err() error            { return e.err }
func (e *fakeEnclave) Console(context.Context) (io.ReadCloser, error) {
	if !e.debug {
		return nil, launch.ErrNoConsole
	}
	return io.NopCloser(strings.NewReader("console")), nil
}

func (e *fakeEnclave) Booted(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { _ = e.heartbeat.Close() })()
	conn, err := e.heartbeat.Accept()
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	defer func() { _ = conn.Close() }()
	one := make([]byte, 1)
	if _, err := io.ReadFull(conn, one); err != nil {
		return err
	}
	_, err = conn.Write(one)
	return err
}

// Terminate is called by the supervisor at the end of each test, and cleans up.
func (e *fakeEnclave) Terminate(ctx context.Context) error {
	e.ends(nil)
	if e.terminated {
		return nil
	}
	e.terminated = true
	if e.guest.Stop(ctx, control.Stop{}) == nil {
		<-e.guest.Done()
	}
	e.cancel()
	<-e.served
	e.guest.Close()
	e.reaping.Wait()
	_ = e.heartbeat.Close()
	_ = e.device.Close()
	return os.RemoveAll(e.folder)
}

type fakeMachine struct{}

func (fakeMachine) SetClock(time.Time) error     { return nil }
func (fakeMachine) AddLoopback(netip.Addr) error { return nil }
func (fakeMachine) Uptime() time.Duration        { return time.Second }
func (fakeMachine) Memory() *control.Memory      { return nil }

// fakeModule has one value in all registers.
type fakeModule struct{ value attest.PCR }

var measured = attest.PCR(strings.Repeat("\xab", 48))

func (m fakeModule) DescribePCR(int) (attest.PCRState, error) {
	return attest.PCRState{Value: m.value, Locked: true}, nil
}
func (m fakeModule) Attestation(r attest.AttestationRequest) ([]byte, error) {
	return slices.Concat(r.Nonce, r.UserData, r.PublicKey), nil
}

func stranger(t *testing.T) func(e *fakeEnclave) {
	return func(e *fakeEnclave) {
		err := e.guest.Bootstrap(t.Context(), control.Bootstrap{Token: strings.Repeat("s", 40), Time: time.Now()})
		if err != nil {
			t.Error(err)
		}
	}
}
