package chambers

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/bootlock"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/attach"
)

// undisturbed asks the chambers all the time while something happens to another one. None
// of them may fail, and their supervisors must be there in the end.
func (n node) undisturbed(ctx context.Context, t *testing.T, happens func()) {
	t.Helper()
	asking, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	end := func() {
		stop()
		all.Wait()
	}
	defer end()
	for _, c := range n {
		all.Go(func() { c.askOn(ctx, t, asking.Done()) })
	}
	happens()
	end()
	for _, c := range n {
		select {
		case <-c.ended:
			t.Errorf("%s has ended with another one: %s", c.name(), c.reason())
		default:
		}
	}
}

// askOn asks at least once after it was told to stop.
func (c *chamber) askOn(ctx context.Context, t *testing.T, stop <-chan struct{}) {
	answers := 0
	for last := false; !last; answers++ {
		select {
		case <-stop:
			last = true
		case <-time.After(100 * time.Millisecond):
		}
		call, cancel := context.WithTimeout(ctx, time.Minute)
		got, err := c.api(call, "/config")
		cancel()
		if got != c.config() || err != nil {
			t.Errorf("after %d answers %s answers with %q, %v", answers, c.name(), got, err)
			return
		}
	}
	t.Logf("%s has answered %d times", c.name(), answers)
}

// lostEnclave: a guest is killed, its supervisor ends and says why. A new one starts it
// again, and while it boots another enclave claims to be it.
func (n node) lostEnclave(ctx context.Context, t *testing.T) {
	lost := n[1]
	n.without(lost).undisturbed(ctx, t, func() {
		if err := lost.machines.Kill(ctx, lost.cid); err != nil {
			t.Error(err)
		}
		lost.wantExit(ctx, t, supervisor.ExitEnclave, "the enclave has ended by itself")
		lost.start(t)
		n[0].pretend(ctx, t, lost)
		lost.awaitReady(ctx, t)
	})
	if got, err := lost.api(ctx, "/config"); got != lost.config() || err != nil {
		t.Errorf("after its restart %s answers with %q, %v", lost.name(), got, err)
	}
}

// pretend sends a heartbeat in another's place, until its supervisor has refused it. None
// comes back.
func (c *chamber) pretend(ctx context.Context, t *testing.T, other *chamber) {
	t.Helper()
	const refused = "closed a stranger's connection to the heartbeat's port"
	eventually(ctx, t, other.name()+" to refuse a stranger's heartbeat", func() bool {
		if got, _ := c.knock(ctx, transport.ParentCID, contract.PortHeartbeat, string([]byte{contract.HeartbeatByte})); got != "" {
			t.Errorf("%s answers the heartbeat of %s with %q", other.name(), c.name(), got)
		}
		if other.log.has("enclave booted") && !other.log.has(refused) {
			t.Fatalf("%s has booted without a look at the heartbeat of %s", other.name(), c.name())
		}
		return other.log.has(refused)
	})
}

// lostSupervisor: an enclave ends with the process that has started it.
func (n node) lostSupervisor(ctx context.Context, t *testing.T) {
	lost := n[2]
	n.without(lost).undisturbed(ctx, t, func() {
		lost.kill()
		lost.wantGone(ctx, t)
		lost.start(t)
		lost.awaitReady(ctx, t)
	})
}

// lostBoot: the boot lock is free again when its holder is lost, and the next start is a
// good one.
func (n node) lostBoot(ctx context.Context, t *testing.T) {
	lost := n[2]
	n.without(lost).undisturbed(ctx, t, func() {
		lost.kill()
		lost.wantGone(ctx, t)
		lost.start(t)
		eventually(ctx, t, lost.name()+" to begin its boot", func() bool { return lost.log.has(attach.BootBegins) })
		lost.kill()
		t.Logf("it was lost in the middle: %v", !lost.log.has(attach.BootEnds))
		lock, err := bootlock.Lock{}.Take(ctx)
		if err != nil {
			t.Fatalf("the boot lock of a supervisor that is lost: %v", err)
		}
		_ = lock.Close()
		lost.wantGone(ctx, t)
		lost.start(t)
		lost.awaitReady(ctx, t)
	})
}

// drain: one chamber ends in good order.
func (n node) drain(ctx context.Context, t *testing.T) {
	drained := n[3]
	n.without(drained).undisturbed(ctx, t, func() {
		if err := drained.term(); err != nil {
			t.Error(err)
		}
		drained.wantExit(ctx, t, 0, "")
		drained.wantGone(ctx, t)
	})
	if !drained.log.has("ended as it was told to") {
		t.Errorf("%s was not drained", drained.name())
	}
}
