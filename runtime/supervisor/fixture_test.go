//go:build linux

package supervisor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/config"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/credentials"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// deadline is far beyond what any step of these tests takes.
const deadline = 60 * time.Second

// quick is a supervisor's timing for tests: no wait is longer than it must be.
var quick = Timing{
	Launch: deadline, Boot: deadline, Control: deadline, Poll: 50 * time.Millisecond, Call: 10 * time.Second,
	Stale: deadline, Silent: deadline, Signer: 10 * time.Second, Endpoints: 10 * time.Millisecond, FirstOut: 100 * time.Millisecond,
	LastWords: 10 * time.Second, Terminate: deadline, Linger: deadline,
}

// world is a supervisor, its enclave, and the pod around them.
type world struct {
	*Supervisor
	launcher *fakeLauncher
	folder   string
	token    string
	journal  string
	sealed   string
	signals  chan os.Signal
	result   chan error
	log      *buffer

	mu    sync.Mutex
	ports map[uint16]string // where a port of the pod really is
}

// newWorld makes a world that has not begun, whose payload behaves as told. When the test
// ends, nothing of it must be left.
func newWorld(t *testing.T, behaviour string, changes ...func(*world, *Options)) *world {
	t.Helper()
	goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)
	folder := t.TempDir()
	w := &world{
		folder: folder, token: filepath.Join(folder, "token"), journal: filepath.Join(folder, "journal"), sealed: filepath.Join(folder, "sealed"),
		signals: make(chan os.Signal, 2), result: make(chan error, 1), log: &buffer{}, ports: map[uint16]string{},
	}
	port := freePort(t)
	root := filepath.Join(folder, "root")
	write(t, filepath.Join(folder, "config.json"), `{"network":"hoodi"}`)
	write(t, w.token, "first token")
	write(t, filepath.Join(folder, "termination-log"), "")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	w.launcher = &fakeLauncher{
		port: port, root: root,
		policy: policy.Policy{
			Version: 1, Environment: []string{"AWS_REGION"}, Egress: []string{"*.example.com:" + strconv.Itoa(int(port))},
			Files: []string{contract.ConfigDir + "/" + contract.ConfigFile, w.token},
		},
		env: []string{"PAYLOAD=" + behaviour, "API=" + strconv.Itoa(int(port)), "JOURNAL=" + w.journal, "SEALED=" + w.sealed},
	}
	o := Options{
		Config: config.Config{
			Enclave:    launch.Request{Image: filepath.Join(folder, "enclave.eif"), CPUs: 2, MemoryMiB: 512},
			ConfigPath: filepath.Join(folder, "config.json"), SocketsDir: folder, Drain: 30 * time.Second,
			Ports: config.Ports{API: port, TLS: 2, Metrics: 3, Supervisor: 4},
			Pod:   config.Pod{Name: "signer-0", Node: "node-1"},
		},
		Launcher: w.launcher, Log: slog.New(slog.NewJSONHandler(w.log, nil)), LogOutput: w.log, Listen: w.listen, Timing: quick,
		Credentials:    credentials.Set{Environment: map[string]string{"AWS_REGION": "eu-west-1"}, Files: []string{w.token}},
		TerminationLog: filepath.Join(folder, "termination-log"),
	}
	for _, change := range changes {
		change(w, &o)
	}
	w.Supervisor = New(o)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		_ = os.RemoveAll(folder)
		eventually(t, "nothing is left", func() bool {
			return runtime.NumGoroutine() <= goroutines && countDescriptors(t) <= descriptors
		})
		if t.Failed() {
			stacks := make([]byte, 1<<20)
			t.Logf("log:\n%s\n%d goroutines (%d before), %d descriptors (%d before):\n%s", w.log.String(), runtime.NumGoroutine(), goroutines,
				countDescriptors(t), descriptors, stacks[:runtime.Stack(stacks, true)])
		}
	})
	return w
}

// begin lets the supervisor run. Whatever the test does, it has ended before its world is
// looked at.
func (w *world) begin(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.result <- w.Run(context.Background(), w.signals)
	}()
	t.Cleanup(func() {
		w.ending.hurry()
		select {
		case <-ended:
		case <-time.After(deadline):
			t.Error("the supervisor does not end")
		}
		if e := w.launcher.running(); e != nil && !e.terminated {
			t.Error("the enclave was not terminated")
		}
	})
}

// beginReady is begin, and the wait for readiness.
func (w *world) beginReady(t *testing.T) {
	t.Helper()
	w.begin(t)
	eventually(t, "it is ready", func() bool { return w.get(t, "/readyz") == http.StatusOK })
}

// listen is on loopback, on a port of the kernel's choice.
func (w *world) listen(ctx context.Context, port uint16) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ports[port] = l.Addr().String()
	}
	return l, err
}

// address is where a port of the pod really is; empty when it is not open yet.
func (w *world) address(port uint16) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ports[port]
}

func (w *world) api() string { return w.address(w.Config.Ports.API) }

// get is the status of an answer of the supervisor's own port; 0 when there is none.
func (w *world) get(t *testing.T, path string) int {
	t.Helper()
	status, _ := fetchFrom(w.address(4), path)
	return status
}

func fetchFrom(address, path string) (status int, body string) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: deadline}
	response, err := client.Get("http://" + address + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(all)
}

func (w *world) term() { w.signals <- syscall.SIGTERM }

// wantEnd awaits the end and its exit code; a failure's text must have all of the words,
// and be in the termination log.
func (w *world) wantEnd(t *testing.T, code int, words ...string) {
	t.Helper()
	var err error
	select {
	case err = <-w.result:
	case <-time.After(deadline):
		t.Fatal("the supervisor does not end")
	}
	if ExitCode(err) != code {
		t.Fatalf("ended with code %d: %v; want %d", ExitCode(err), err, code)
	}
	message, readErr := os.ReadFile(filepath.Join(w.folder, "termination-log"))
	if readErr != nil {
		t.Fatal(readErr)
	}
	if err == nil {
		if len(message) > 0 || w.machine.State() != lifecycle.Stopped {
			t.Errorf("it is %s, with the message %q", w.machine.State(), message)
		}
		return
	}
	if string(message) != err.Error() || w.machine.State() != lifecycle.Failed {
		t.Errorf("it is %s; the error is %q, the message %q", w.machine.State(), err, message)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q lacks %q", err, word)
		}
	}
}

func (w *world) client() *admin.Client { return admin.NewClient(w.Config.AdminSocket()) }

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("waited in vain until %s", what)
			return
		}
	}
}

// countDescriptors leaves out the guest's hold on its root, which lasts as long as an
// enclave does and here as long as the process.
func countDescriptors(t *testing.T) (count int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err != nil || !strings.HasSuffix(target, "/root (deleted)") {
			count++
		}
	}
	return count
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// buffer is the log.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// states are those that the log has, in their order.
func (w *world) states() (states []lifecycle.State) {
	for _, m := range regexp.MustCompile(`"msg":"state","from":"[a-z]*","to":"([a-z]*)"`).FindAllStringSubmatch(w.log.String(), -1) {
		states = append(states, lifecycle.State(m[1]))
	}
	return states
}

// measured tells whether the metrics have all of these lines.
func (w *world) measured(lines ...string) bool {
	_, body := fetchFrom(w.address(4), "/metrics")
	for _, line := range lines {
		if !strings.Contains(body, "\n"+line+"\n") {
			return false
		}
	}
	return true
}

var errRefused = errors.New("no CPUs are left")
