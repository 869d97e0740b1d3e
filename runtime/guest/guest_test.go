//go:build linux

package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
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

func TestCrash(t *testing.T) {
	f := newGuest(t, "crash")
	f.bootstrap(t)
	<-f.Done()
	texts, _ := f.lines(t)
	all := strings.Join(texts, "\n")
	if !strings.Contains(all, "stderr last words") || !strings.Contains(all, "code=137") {
		t.Errorf("log:\n%s", all)
	}
	f.wantExit(t, 128+9)
}

func TestIgnoresTheTerm(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	f.wantLine(t, "stdout ready") // before that it would not ignore it yet
	if err := f.client.Stop(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if status, err := f.client.Status(t.Context()); err != nil || status.State != control.StateStopping {
		t.Errorf("state %s: %v", status.State, err)
	}
	f.wantExit(t, 128+9)
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

// TestFlood: nobody reads, the payload is not held up, and what is lost is counted.
func TestFlood(t *testing.T) {
	f := newGuest(t, "flood")
	f.bootstrap(t)
	select {
	case <-f.Done():
	case <-time.After(deadline):
		t.Fatal("the payload is stuck")
	}
	texts, dropped := f.lines(t)
	if len(texts) > 1000 || dropped == 0 {
		t.Errorf("%d lines, %d dropped", len(texts), dropped)
	}
	status, err := f.client.Status(t.Context())
	if err != nil || status.DroppedLogLines != dropped {
		t.Errorf("the status says %d dropped, the stream %d: %v", status.DroppedLogLines, dropped, err)
	}
}

func TestBeforeTheBootstrap(t *testing.T) {
	f := newGuest(t, "ignore")
	if err := f.Stop(t.Context(), control.Stop{}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stop: %v", err)
	}
	if err := f.client.Stop(t.Context(), 0); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("a stop by call: %v", err)
	}
	if f.Status(t.Context()).State != control.StateWaiting {
		t.Error("it does not wait any more")
	}
}

// TestStrangerIsFirst: the supervisor learns it from its own refusal.
func TestStrangerIsFirst(t *testing.T) {
	f := newGuest(t, "ignore")
	stranger := f.clientWith(strings.Repeat("s", 40))
	defer stranger.Close()
	if err := stranger.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("error: %v", err)
	}
	if err := f.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeConflict {
		t.Errorf("error of the guest itself: %v", err)
	}
	if err := f.client.PutFiles(t.Context(), []control.File{{Path: "/run/token"}}); control.ErrorCode(err) != control.CodeUnauthorized {
		t.Errorf("error: %v", err)
	}
}

// TestRefusedHasChangedNothing, and the next bootstrap may succeed.
func TestRefusedHasChangedNothing(t *testing.T) {
	f := newGuest(t, "ignore")
	for name, b := range map[string]control.Bootstrap{
		"environment": {Environment: map[string]string{"LD_PRELOAD": "x"}},
		"a file":      {Files: []control.File{{Path: "/run/token"}, {Path: "/etc/passwd"}}},
		"an endpoint": {Egress: []control.Egress{{Host: "a.b.example.com", Port: 7443, ParentPort: 1}}},
		"itself":      {Egress: []control.Egress{{Host: "localhost", Port: 7443, ParentPort: 1}}},
	} {
		b.Time = time.Now().Add(time.Hour)
		if code := control.ErrorCode(f.client.Bootstrap(t.Context(), b)); code != control.CodeForbidden && code != control.CodeInvalid {
			t.Errorf("%s: %s", name, code)
		}
	}
	if entries, err := os.ReadDir(f.root); err != nil || len(entries) > 0 || len(f.machine.clock) > 0 {
		t.Errorf("files %v, clock %v: %v", entries, f.machine.clock, err)
	}
	f.bootstrap(t)
}

func TestDebugMode(t *testing.T) {
	for name, tc := range map[string]struct {
		module  Module
		allowed bool
	}{
		"debug": {fakeModule{debugPCR}, false}, "no module": {nil, false}, "debug is allowed": {fakeModule{debugPCR}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore", func(c *Config) { c.Module, c.Policy.Debug = tc.module, tc.allowed })
			err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()})
			if tc.allowed {
				if status, statusErr := f.client.Status(t.Context()); err != nil || statusErr != nil || !status.Debug {
					t.Errorf("status %+v: %v %v", status, err, statusErr)
				}
				return
			}
			if control.ErrorCode(err) != control.CodeForbidden || !strings.Contains(err.Error(), "debug mode") {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// TestFailedStartEnds: there is no second try after half of a first one.
func TestFailedStartEnds(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no program": func(c *Config) { c.Launch.Command = []string{"/does/not/exist"} },
		"no user":    func(c *Config) { c.Launch.User = "nobody-knows" },
	} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore", change)
			if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeInternal {
				t.Errorf("error: %v", err)
			}
			err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()})
			if err == nil {
				t.Error("a second try")
			}
			select {
			case err := <-f.served:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(deadline):
				t.Error("the guest has not ended")
			}
		})
	}
}

// TestPutFiles: within the policy, and only whole updates.
func TestPutFiles(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	put := func(paths ...string) error {
		var list []control.File
		for _, path := range paths {
			list = append(list, control.File{Path: path, Content: []byte("new")})
		}
		return f.client.PutFiles(t.Context(), list)
	}
	if err := put("/run/token", "/etc/passwd"); control.ErrorCode(err) != control.CodeForbidden {
		t.Errorf("error: %v", err)
	}
	token := filepath.Join(f.root, "run/token")
	if _, err := os.Stat(token); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half of a refused update is there: %v", err)
	}
	if err := put("/run/token"); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(token); err != nil || string(data) != "new" {
		t.Errorf("%q %v", data, err)
	}
}

// TestClock: the hint is taken within its bounds.
func TestClock(t *testing.T) {
	for name, tc := range map[string]struct {
		offset time.Duration
		set    int
	}{"ahead": {time.Hour, 1}, "far back": {-time.Hour, 0}, "the same": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			f := newGuest(t, "ignore")
			hint := time.Now().Add(tc.offset)
			if err := f.client.Bootstrap(t.Context(), control.Bootstrap{Time: hint}); err != nil {
				t.Fatal(err)
			}
			if len(f.machine.clock) != tc.set || tc.set == 1 && !f.machine.clock[0].Equal(hint) {
				t.Errorf("set to %v, the hint was %v", f.machine.clock, hint)
			}
		})
	}
}

func TestAttest(t *testing.T) {
	f := newGuest(t, "ignore")
	f.bootstrap(t)
	document, err := f.client.Attest(t.Context(), control.Attestation{Nonce: []byte("n")})
	if err != nil || string(document) != "document of n" {
		t.Errorf("%q %v", document, err)
	}
}

func TestAttestWithoutModule(t *testing.T) {
	f := newGuest(t, "ignore", func(c *Config) { c.Module, c.Policy.Debug = nil, true })
	f.bootstrap(t)
	if _, err := f.client.Attest(t.Context(), control.Attestation{}); control.ErrorCode(err) != control.CodeInternal {
		t.Errorf("error: %v", err)
	}
}

// TestThroughAndThrough: from the parent to the payload, and from there by a name that
// /etc/hosts has to the parent's port.
func TestThroughAndThrough(t *testing.T) {
	f := newGuest(t, "serve")
	endpoint, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = endpoint.Close() }()
	go func() {
		_ = http.Serve(endpoint, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test
			_, _ = io.WriteString(w, "reached as "+r.Host)
		}))
	}()
	f.link.ports[77] = endpoint.Addr().String()
	err = f.client.Bootstrap(t.Context(), control.Bootstrap{
		Time: time.Now(), Environment: map[string]string{"ENDPOINT": "http://127.100.0.1:7443/"},
		Egress: []control.Egress{{Host: "kms.example.com", Port: 7443, ParentPort: 77}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := os.ReadFile(filepath.Join(f.root, "etc/hosts"))
	if want := "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.100.0.1\tkms.example.com\n"; err != nil || string(hosts) != want {
		t.Errorf("/etc/hosts is %q, want %q: %v", hosts, want, err)
	}
	address := f.payloadAddress(t)
	response, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || string(body) != "reached as 127.100.0.1:7443" {
		t.Errorf("%q %v", body, err)
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
