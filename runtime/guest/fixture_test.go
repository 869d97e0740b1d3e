//go:build linux

package guest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/ingress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/logs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

const (
	token = "0123456789abcdef0123456789abcdef"
	// deadline is far beyond what any step of these tests takes.
	deadline = 30 * time.Second
)

// TestMain lets this binary be the payload, which behaves as its environment says.
func TestMain(m *testing.M) {
	switch os.Getenv("PAYLOAD") {
	case "":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGCHLD) // starts a goroutine that stays
		os.Exit(m.Run())
	case "crash":
		fmt.Fprintln(os.Stderr, "last words")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(deadline)
	case "ignore":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(10 * time.Minute)
	case "flood":
		for i := range 200_000 {
			fmt.Println("line", i, strings.Repeat("x", 100))
		}
		os.Exit(7)
	case "serve":
		servePayload()
	}
	os.Exit(0)
}

// servePayload says where it listens, and answers with what it gets from the endpoint that
// its environment names.
func servePayload() {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // a test
		response, err := http.Get(os.Getenv("ENDPOINT"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(w, response.Body)
	}))
}

// fakeMachine notes what it was told.
type fakeMachine struct {
	mu      sync.Mutex
	clock   []time.Time
	added   []netip.Addr
	refuses error
}

func (m *fakeMachine) SetClock(to time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = append(m.clock, to)
	return m.refuses
}

func (m *fakeMachine) AddLoopback(a netip.Addr) error {
	m.added = append(m.added, a)
	return m.refuses
}

func (m *fakeMachine) Uptime() time.Duration   { return 1500 * time.Millisecond }
func (m *fakeMachine) Memory() *control.Memory { return &control.Memory{Total: 2, Available: 1} }

// fakeModule has one value in all registers.
type fakeModule struct{ value attest.PCR }

func (m fakeModule) DescribePCR(int) (attest.PCRState, error) {
	return attest.PCRState{Value: m.value, Locked: true}, nil
}

func (m fakeModule) Attestation(r attest.AttestationRequest) ([]byte, error) {
	return append([]byte("document of "), r.Nonce...), nil
}

var (
	measuredPCR = attest.PCR(strings.Repeat("\xab", 48))
	debugPCR    = make(attest.PCR, 48)
)

// fakeLink is the parent on this machine: its ports are TCP ports.
type fakeLink struct {
	mu    sync.Mutex
	ports map[uint32]string
	found map[uint32]net.Addr // what the guest listens on
}

func (l *fakeLink) Dial(ctx context.Context, port uint32) (transport.Conn, error) {
	l.mu.Lock()
	address, ok := l.ports[port]
	l.mu.Unlock()
	if !ok {
		return nil, transport.ErrPortClosed
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp4", address)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

func (l *fakeLink) Listen(ctx context.Context, port uint32) (transport.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found[port] = listener.Addr()
	return fakeListener{listener, port}, nil
}

type fakeListener struct {
	net.Listener
	port uint32
}

func (l fakeListener) Port() uint32    { return l.port }
func (fakeListener) Strangers() uint64 { return 0 }

// fixture is a guest that serves on loopback, and its parent.
type fixture struct {
	*Guest
	machine *fakeMachine
	link    *fakeLink
	root    string
	client  *control.Client
	address string
	served  chan error
}

// newGuest returns a running guest whose payload behaves as told. When the test ends,
// the guest must have ended with no goroutine left.
func newGuest(t *testing.T, behaviour string, changes ...func(*Config)) *fixture {
	t.Helper()
	before := runtime.NumGoroutine()
	f := &fixture{
		machine: &fakeMachine{}, link: &fakeLink{ports: map[uint32]string{}, found: map[uint32]net.Addr{}},
		root: t.TempDir(), served: make(chan error, 1),
	}
	buffer := logs.New(1000, 1<<20)
	config := Config{
		Policy: policy.Policy{Version: 1, Environment: []string{"ENDPOINT"}, Files: []string{"/run/token"},
			Egress: []string{"*.example.com:7443", "169.254.170.23:7080"}},
		Launch: launch.Spec{
			Command: []string{"/proc/self/exe"}, Env: []string{"PAYLOAD=" + behaviour}, WorkingDir: "/",
			User: fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()),
		},
		Module: fakeModule{measuredPCR}, Machine: f.machine, Reaper: process.NewReaper(), Logs: buffer, Log: buffer.Logger(io.Discard),
		Root: f.root, Link: func(uint32) transport.Link { return f.link }, Listening: ingress.Listening,
	}
	for _, change := range changes {
		change(&config)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var reaping sync.WaitGroup
	reaping.Go(func() { config.Reaper.Run(ctx) })
	f.Guest = New(ctx, config)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = listener.Addr().String()
	go func() { f.served <- f.Serve(ctx, listener) }()
	f.client = f.clientWith(token)
	t.Cleanup(func() {
		if err := f.Stop(ctx, control.Stop{}); err == nil {
			<-f.Done()
		}
		f.client.Close()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		f.Close()
		reaping.Wait()
		wantGoroutines(t, before)
	})
	return f
}

func (f *fixture) clientWith(token string) *control.Client {
	return control.NewClient(func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp4", f.address)
	}, token)
}

// wantGoroutines polls, for those of closed connections end a little later.
func wantGoroutines(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(deadline); runtime.NumGoroutine() > want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Errorf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), want, stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}

func (f *fixture) bootstrap(t *testing.T) {
	t.Helper()
	if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// wantExit awaits the end, asks for the code, and expects the guest to end by itself.
func (f *fixture) wantExit(t *testing.T, code int) {
	t.Helper()
	select {
	case <-f.Done():
	case <-time.After(deadline):
		t.Fatal("the payload has not ended")
	}
	status, err := f.client.Status(t.Context())
	if err != nil || status.State != control.StateExited || status.Payload == nil || status.Payload.ExitCode == nil || *status.Payload.ExitCode != code {
		t.Errorf("status %+v, payload %+v, want code %d: %v", status, status.Payload, code, err)
	}
	_, _ = f.lines(t)
	select {
	case err := <-f.served:
		if err != nil {
			t.Errorf("the guest ended with %v", err)
		}
	case <-time.After(deadline):
		t.Error("the guest has not ended")
	}
}

// lines reads the log to its end.
func (f *fixture) lines(t *testing.T) (texts []string, dropped uint64) {
	t.Helper()
	err := f.client.Logs(t.Context(), func(l control.Line) {
		texts = append(texts, l.Stream+" "+l.Text)
		dropped += l.Dropped
	})
	if err != nil {
		t.Error(err)
	}
	return texts, dropped
}

// wantLine reads the log up to a line.
func (f *fixture) wantLine(t *testing.T, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	found := false
	err := f.client.Logs(ctx, func(l control.Line) {
		if l.Stream+" "+l.Text == want {
			found = true
			cancel()
		}
	})
	if !found {
		t.Fatalf("no line %q: %v", want, err)
	}
}

// payloadAddress is the payload's first line.
func (f *fixture) payloadAddress(t *testing.T) (address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	_ = f.client.Logs(ctx, func(l control.Line) {
		if l.Stream == control.StreamStdout {
			address = l.Text
			cancel()
		}
	})
	return address
}
