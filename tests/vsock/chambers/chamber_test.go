package chambers

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/machines"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/attach"
)

// The endpoint of every chamber has the same name, which leads to another machine in each
// pod.
const endpoint = "config.example.com:80"

// nodeName is what the pods know of their node.
const nodeName = "ip-10-0-0-7"

// chamber is a supervisor in a pod, with its enclave.
type chamber struct {
	*pod
	cid uint32
	// folder has the admin socket, the configuration and the termination message.
	folder string
	log    *log
	cmd    *exec.Cmd
	// ended is closed when the supervisor has.
	ended    chan struct{}
	machines *machines.Client
	// visitors counts what came to the pod's endpoint.
	visitors atomic.Int64
}

// newChamber makes a pod with its endpoint, in which nothing runs yet.
func newChamber(ctx context.Context, t *testing.T, cid uint32) *chamber {
	t.Helper()
	c := &chamber{pod: newPod(t), cid: cid, folder: t.TempDir(), machines: machines.NewClient()}
	if err := os.WriteFile(c.file(contract.ConfigFile), []byte(c.config()), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := c.listen(ctx, "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.visitors.Add(1)
		fmt.Fprint(w, c.welcome())
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		c.kill()
		if t.Failed() {
			state, err := c.machines.State(context.WithoutCancel(ctx), cid)
			t.Logf("chamber %d, its supervisor:\n%s\nits enclave (%v):\n%s", cid, c.log, err, state.Console)
		}
	})
	return c
}

func (c *chamber) config() string  { return fmt.Sprintf(`{"chamber":%d}`, c.cid) }
func (c *chamber) welcome() string { return fmt.Sprintf("the endpoint of chamber %d", c.cid) }

func (c *chamber) file(name string) string { return filepath.Join(c.folder, name) }

// start starts the supervisor, as kubelet does, with more variables.
func (c *chamber) start(t *testing.T, more ...string) {
	t.Helper()
	if err := os.WriteFile(c.file(attach.TerminationFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.log = &log{}
	c.cmd = exec.Command("/supervisor")
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	c.cmd.Env = append([]string{
		contract.EnvEnclaveCPUs + "=2", contract.EnvEnclaveMemoryMiB + "=96", contract.EnvDebug + "=true",
		contract.EnvConfigPath + "=" + c.file(contract.ConfigFile), contract.EnvNitroSocketsPath + "=" + c.folder,
		contract.EnvEgress + "=" + endpoint, contract.EnvPodName + "=" + c.name(), contract.EnvNodeName + "=" + nodeName,
		attach.CIDVariable + "=" + strconv.Itoa(int(c.cid)), attach.ImageVariable + "=chamber",
	}, more...)
	if err := c.pod.start(c.cmd); err != nil {
		t.Fatal(err)
	}
	cmd, ended := c.cmd, make(chan struct{})
	c.ended = ended
	go func() {
		defer close(ended)
		_ = cmd.Wait() // exitCode tells
	}()
}

func (c *chamber) name() string { return fmt.Sprintf("chamber-%d", c.cid) }

// kill is the sudden end of the supervisor.
func (c *chamber) kill() {
	if c.cmd != nil {
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

func (c *chamber) term() error { return c.cmd.Process.Signal(syscall.SIGTERM) }

// awaitReady waits for what kubelet waits for.
func (c *chamber) awaitReady(ctx context.Context, t *testing.T) {
	t.Helper()
	eventually(ctx, t, c.name()+" to be ready", func() bool {
		select {
		case <-c.ended:
			t.Fatalf("%s has ended with %d: %s", c.name(), c.cmd.ProcessState.ExitCode(), c.reason())
		default:
		}
		_, err := c.ask(ctx, contract.PortSupervisor, contract.PathReady)
		return err == nil
	})
}

// wantExit waits for the supervisor's end, with an exit code and a reason for kubelet.
func (c *chamber) wantExit(ctx context.Context, t *testing.T, code int, reason string) {
	t.Helper()
	select {
	case <-c.ended:
	case <-ctx.Done():
		t.Fatalf("waiting for the end of %s: %v", c.name(), ctx.Err())
	}
	got := c.cmd.ProcessState.ExitCode()
	if got != code || !strings.Contains(c.reason(), reason) || (reason == "") != (c.reason() == "") {
		t.Errorf("%s has ended with %d and %q, want %d and %q", c.name(), got, c.reason(), code, reason)
	}
}

// reason is the termination message.
func (c *chamber) reason() string {
	text, err := os.ReadFile(c.file(attach.TerminationFile))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// wantGone waits for the enclave's end.
func (c *chamber) wantGone(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := c.machines.Wait(ctx, c.cid); err != nil {
		t.Errorf("the enclave of %s: %v", c.name(), err)
	}
}

// api asks the signer in the enclave, through the pod's port.
func (c *chamber) api(ctx context.Context, path string, query ...string) (string, error) {
	return c.ask(ctx, contract.PortAPI, path, query...)
}

// metric is the value of the line of the supervisor's metrics that begins so, or "".
func (c *chamber) metric(ctx context.Context, t *testing.T, series string) string {
	t.Helper()
	text, err := c.ask(ctx, contract.PortSupervisor, contract.PathMetrics)
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// residentKiB is the supervisor's memory, and how much of it is not the program.
func (c *chamber) residentKiB(t *testing.T) (all, anonymous int) {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		t.Error(err)
	}
	for line := range bytes.Lines(data) {
		switch fields := strings.Fields(string(line)); fields[0] {
		case "VmRSS:":
			all, _ = strconv.Atoi(fields[1])
		case "RssAnon:":
			anonymous, _ = strconv.Atoi(fields[1])
		}
	}
	return all, anonymous
}
