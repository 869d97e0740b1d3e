package chambers

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/attach"
)

// victimVariable is the context ID that TestStranger is after.
const victimVariable = "VSOCK_TEST_VICTIM"

// TestStranger is a process of another pod, which tries to bootstrap an enclave from the
// moment on when there is one.
func TestStranger(t *testing.T) {
	cid, err := strconv.ParseUint(os.Getenv(victimVariable), 10, 32)
	if err != nil {
		t.Skip("this is for TestChambers, which starts it in a pod of its own")
	}
	ctx := limited(t)
	link := &transport.VSock{Peer: uint32(cid)}
	client := control.NewClient(func(ctx context.Context) (net.Conn, error) { return link.Dial(ctx, contract.PortControl) }, strings.Repeat("x", 40))
	defer client.Close()
	for {
		call, cancel := context.WithTimeout(ctx, time.Second)
		err := client.Bootstrap(call, control.Bootstrap{Time: time.Now()})
		cancel()
		switch {
		case err == nil:
			t.Log("the enclave is the stranger's")
			return
		case control.ErrorCode(err) == control.CodeConflict:
			t.Fatal("the stranger is late: ", err)
		case ctx.Err() != nil:
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stranger is another pod, which is after a chamber.
func stranger(ctx context.Context, t *testing.T, victim *chamber) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run=^TestStranger$") //nolint:gosec // this program
	cmd.Env = append(os.Environ(), victimVariable+"="+strconv.Itoa(int(victim.cid)))
	cmd.Stdout = &log{}
	if err := newPod(t).start(cmd); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// late: an enclave that has a supervisor takes no second one.
func (n node) late(ctx context.Context, t *testing.T) {
	victim := n[0]
	n.undisturbed(ctx, t, func() {
		cmd := stranger(ctx, t, victim)
		if err := cmd.Wait(); err == nil || !strings.Contains(cmd.Stdout.(*log).String(), "the stranger is late") {
			t.Errorf("the stranger has ended with %v:\n%s", err, cmd.Stdout)
		}
		eventually(ctx, t, "the stranger to be counted", func() bool {
			return victim.metric(ctx, t, "chamber_enclave_refused_bootstraps_total") == "1"
		})
	})
}

// intrusion: a supervisor that comes second says so and gives up, whatever the stranger
// has given to its enclave. The others do not mind, and the next start is a good one.
func (n node) intrusion(ctx context.Context, t *testing.T) {
	victim := n[3]
	n.without(victim).undisturbed(ctx, t, func() {
		hold := victim.file("hold")
		if err := os.WriteFile(hold, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		victim.start(t, attach.HoldVariable+"="+hold)
		cmd := stranger(ctx, t, victim)
		if err := cmd.Wait(); err != nil {
			t.Fatalf("the stranger has ended with %v:\n%s", err, cmd.Stdout)
		}
		if err := os.Remove(hold); err != nil {
			t.Fatal(err)
		}
		victim.wantExit(ctx, t, supervisor.ExitIntrusion, "somebody else on node "+nodeName+" has bootstrapped this enclave first")
		victim.wantGone(ctx, t)
		if !strings.Contains(victim.log.String(), `"msg":"INTRUSION: `) {
			t.Errorf("the log of %s does not tell of an intrusion", victim.name())
		}
		victim.start(t)
		victim.awaitReady(ctx, t)
	})
}
