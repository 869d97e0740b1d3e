package inside

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/stream"
)

// readyLine is what the parent's side says when it can be killed.
const readyLine = "streams are under way"

// TestLostParent is killed with its machine, and TestReturn comes after it.
func TestLostParent(t *testing.T) {
	ctx := limited(t)
	e, p := start(ctx, t)
	in := underWay(ctx, t, p)
	go func() { _, _ = io.Copy(io.Discard, in) }()
	t.Log(readyLine)
	t.Errorf("this parent was not killed: %v", e.machines.Kill(ctx, transport.ParentCID))
}

// TestReturn: another parent, which has the token, finds the enclave as it was. The
// streams of the old one are still there: nothing is sent in them for want of credit,
// and so nothing is answered. The guest's bridges end them when they have been silent
// for bridge.DefaultIdleTimeout. They keep nobody from ending the enclave.
func TestReturn(t *testing.T) {
	ctx := limited(t)
	e := newEnclave(t, token)
	t.Cleanup(func() { e.end(context.WithoutCancel(ctx), t) })
	e.await(ctx, t, control.StateRunning)
	p := newParent(ctx, t, e)
	if count := p.payloadStreams(ctx, t); count.Open != 2 || len(count.Ends) != 0 {
		t.Errorf("the streams of a lost parent are %+v: tell docs/architecture.md", count)
	}
	go func() { _ = e.client.Logs(ctx, func(control.Line) {}) }()
	if err := e.client.Stop(ctx, 0); err != nil {
		t.Fatal(err)
	}
	e.wantExit(ctx, t, 128+9)
	e.wantEnd(ctx, t)
}

// payloadStreams are the streams that the payload has.
func (p *parent) payloadStreams(ctx context.Context, t *testing.T) stream.Count {
	t.Helper()
	var count stream.Count
	if err := json.Unmarshal([]byte(p.get(ctx, t, "/streams")), &count); err != nil {
		t.Error(err)
	}
	return count
}

// supervisorVariable makes TestSupervisor run, in a process of its own.
const supervisorVariable = "VSOCK_TEST_SUPERVISOR"

// TestSupervisor is the process that TestLostSupervisor kills.
func TestSupervisor(t *testing.T) {
	if os.Getenv(supervisorVariable) == "" {
		t.Skip("this is for TestLostSupervisor, which starts it in a process of its own")
	}
	ctx := limited(t)
	e, p := start(ctx, t)
	in := underWay(ctx, t, p)
	t.Log(readyLine)
	_, err := io.Copy(io.Discard, in)
	t.Errorf("the supervisor was not killed: %v, %v", err, e.link)
}

// TestLostSupervisor: of a process that is gone, in a machine that is not, the enclave
// gets to know at once.
func TestLostSupervisor(t *testing.T) {
	ctx := limited(t)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run=^TestSupervisor$") //nolint:gosec // this program
	cmd.Env = append(os.Environ(), supervisorVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := newEnclave(t, token)
	t.Cleanup(func() { e.end(context.WithoutCancel(ctx), t) })
	var said strings.Builder
	for scanner := bufio.NewScanner(out); !strings.Contains(said.String(), readyLine); {
		if !scanner.Scan() {
			t.Fatalf("the supervisor has ended too early: %v\n%s", scanner.Err(), said.String())
		}
		said.WriteString(scanner.Text() + "\n")
	}
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil {
		t.Error("the supervisor was not killed")
	}
	p := newParent(ctx, t, e)
	eventually(ctx, t, "the end of the lost supervisor's streams", func() bool { return p.payloadStreams(ctx, t).Open == 0 })
	if count := p.payloadStreams(ctx, t); len(count.Ends) != 2 {
		t.Errorf("the streams have ended with %q", count.Ends)
	}
	if status, err := e.client.Status(ctx); err != nil || status.State != control.StateRunning {
		t.Errorf("without its supervisor the enclave is %+v, %v", status, errors.Unwrap(err))
	}
}
