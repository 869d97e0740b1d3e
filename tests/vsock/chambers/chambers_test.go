package chambers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/attach"
)

// waiting is what a supervisor says that waits for the boot lock.
const waiting = "waiting for another enclave of this node to boot"

// TestChambers goes through a day of a node with four chambers.
func TestChambers(t *testing.T) {
	ctx := limited(t)
	var node node
	for cid := uint32(4); cid <= 7; cid++ {
		node = append(node, newChamber(ctx, t, cid))
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, *testing.T)
	}{
		{"start at the same moment", node.startAll},
		{"ways in and out", node.ways},
		{"the ways of others", node.others},
		{"a stranger who is late", node.late},
		{"memory", node.memory},
		{"the loss of an enclave", node.lostEnclave},
		{"the loss of a supervisor", node.lostSupervisor},
		{"the loss of a supervisor that boots", node.lostBoot},
		{"a drain", node.drain},
		{"a stranger who is first", node.intrusion},
	} {
		t.Run(step.name, func(t *testing.T) {
			began := time.Now()
			step.do(ctx, t)
			t.Logf("%.1f s", time.Since(began).Seconds())
		})
		if t.Failed() {
			return
		}
	}
}

// node is the chambers of one.
type node []*chamber

// without is all of them but one.
func (n node) without(one *chamber) node {
	return slices.DeleteFunc(slices.Clone(n), func(c *chamber) bool { return c == one })
}

// startAll holds the boot lock until all supervisors wait for it, as another enclave does.
// Then they take turns.
func (n node) startAll(ctx context.Context, t *testing.T) {
	lock, err := (&transport.VSock{Peer: transport.AnyCID}).Listen(ctx, contract.PortHeartbeat)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	for _, c := range n {
		c.start(t)
	}
	for _, c := range n {
		eventually(ctx, t, c.name()+" to wait for the boot lock", func() bool { return c.log.has(waiting) })
		if c.log.has(attach.BootBegins) {
			t.Errorf("%s boots without the lock", c.name())
		}
	}
	_ = lock.Close()
	for _, c := range n {
		c.awaitReady(ctx, t)
	}
	n.wantTurns(t)
}

// wantTurns compares the times of the boots, by the one clock that the supervisors share.
func (n node) wantTurns(t *testing.T) {
	t.Helper()
	type boot struct {
		chamber     *chamber
		begin, ends time.Time
	}
	var boots []boot
	for _, c := range n {
		begin, ends := c.log.lines(attach.BootBegins), c.log.lines(attach.BootEnds)
		if len(begin) != 1 || len(ends) != 1 || !begin[0].Time.Before(ends[0].Time) {
			t.Fatalf("%s has no record of one boot: %v, %v", c.name(), begin, ends)
		}
		boots = append(boots, boot{c, begin[0].Time, ends[0].Time})
	}
	slices.SortFunc(boots, func(a, b boot) int { return a.begin.Compare(b.begin) })
	for i, b := range boots {
		t.Logf("%s boots from %.2f to %.2f s", b.chamber.name(), b.begin.Sub(boots[0].begin).Seconds(), b.ends.Sub(boots[0].begin).Seconds())
		if i > 0 && b.begin.Before(boots[i-1].ends) {
			t.Errorf("%s boots before %s has", b.chamber.name(), boots[i-1].chamber.name())
		}
	}
}

// ways: each pod leads to its own enclave, and each enclave to its own pod's endpoint.
func (n node) ways(ctx context.Context, t *testing.T) {
	for _, c := range n {
		if got, err := c.api(ctx, "/config"); got != c.config() || err != nil {
			t.Errorf("%s answers with %q, %v", c.name(), got, err)
		}
		if got, err := c.api(ctx, "/fetch", "url", "http://"+endpoint+"/"); got != c.welcome() || err != nil {
			t.Errorf("%s fetches %q, %v", c.name(), got, err)
		}
	}
}

// request is what an enclave says where it should not be heard.
const request = "GET / HTTP/1.0\r\n\r\n"

// others: the enclaves know each other's ports of the parent, and dial them past their
// init. Their own answers, the others close.
func (n node) others(ctx context.Context, t *testing.T) {
	for _, owner := range n {
		before := owner.visitors.Load()
		port := owner.parentPort(t)
		for _, c := range n {
			got, err := c.knock(ctx, transport.ParentCID, port, request)
			if c == owner && !strings.HasSuffix(got, c.welcome()) {
				t.Errorf("%s at its own port gets %q, %v", c.name(), got, err)
			}
			if c != owner && (got != "" || err != nil && !strings.Contains(err.Error(), transport.ErrPortClosed.Error())) {
				t.Errorf("%s at the port of %s gets %q, %v", c.name(), owner.name(), got, err)
			}
		}
		if came := owner.visitors.Load() - before; came != 1 {
			t.Errorf("the endpoint of %s had %d visitors, want its own", owner.name(), came)
		}
		series := fmt.Sprintf(`chamber_bridge_strangers_total{endpoint=%q,way="egress"}`, endpoint)
		if got := owner.metric(ctx, t, series); got != "3" {
			t.Errorf("%s counts %q strangers", owner.name(), got)
		}
	}
	n.neighbours(ctx, t)
}

// neighbours: an enclave lets in its parent alone.
func (n node) neighbours(ctx context.Context, t *testing.T) {
	t.Helper()
	a, b := n[0], n[1]
	if got, err := a.knock(ctx, b.cid, contract.PortAPI, request); got != "" || err != nil && !strings.Contains(err.Error(), transport.ErrPortClosed.Error()) {
		t.Errorf("%s at the API of %s gets %q, %v", a.name(), b.name(), got, err)
	}
}

// knock has the enclave dial a vsock port.
func (c *chamber) knock(ctx context.Context, cid, port uint32, say string) (string, error) {
	return c.api(ctx, "/knock", "cid", fmt.Sprint(cid), "port", fmt.Sprint(port), "say", say)
}

// parentPort is that of the parent for the chamber's endpoint.
func (c *chamber) parentPort(t *testing.T) uint32 {
	t.Helper()
	opened := c.log.lines(attach.PortOpened)
	if len(opened) != 1 {
		t.Fatalf("%s has opened %v", c.name(), opened)
	}
	return opened[0].Port
}

// memory: supervisors that have little to do are small, so that a node's memory goes to its
// enclaves.
func (n node) memory(_ context.Context, t *testing.T) {
	const mostKiB = 25_000_000 >> 10
	for _, c := range n {
		all, anonymous := c.residentKiB(t)
		t.Logf("the supervisor of %s has %d KiB, %d of it anonymous", c.name(), all, anonymous)
		if all == 0 || all > mostKiB {
			t.Errorf("the supervisor of %s has %d KiB, and may have %d", c.name(), all, mostKiB)
		}
	}
}
