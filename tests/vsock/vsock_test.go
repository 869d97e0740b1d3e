// Package vsock shows parent and enclave in machines of their own, with AF_VSOCK and the
// context IDs that they have on Nitro: 3 and 4, and a stranger with 5. The enclave is an
// image as chamber eif build makes it, with cmd/enclave-init; the parent's side is the
// packages that the supervisor is made of. Its tests are those of package inside, and
// run in the guests.
//
// TestChambers has four supervisors in the parent, with enclaves 4 to 7. Its tests are those
// of package chambers.
package vsock

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/machines"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/replay"
)

const (
	parentCID, enclaveCID, strangerCID = 3, 4, 5
	// limit is for the whole package, which takes half a minute.
	limit = 5 * time.Minute
)

// node is a network with a parent, which tests run in.
type node struct {
	ctx      context.Context
	network  *uml.Network
	machines *machines.Server
	test     []blob.Content
}

// newNode makes one with context IDs beside the parent's, and tests that run in it.
func newNode(t *testing.T, tests string, cids ...uint32) *node {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts virtual machines")
	}
	programs, err := uml.Prepare(t.Context(), os.Stderr)
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	n := &node{ctx: ctx}
	if n.network, err = uml.NewNetwork(ctx, programs, append(cids, parentCID)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.network.Trouble(); err != nil {
			t.Error(err)
		}
		if err := n.network.Close(); err != nil {
			t.Error(err)
		}
	})
	n.test = files(t, map[string][]byte{"/test": testProgram(ctx, t, tests)})
	return n
}

// serve lets the parent start images.
func (n *node) serve(t *testing.T, images map[string]uml.Options) {
	t.Helper()
	n.machines = &machines.Server{Network: n.network, Images: images}
	go func() {
		if err := n.machines.Serve(n.ctx, parentCID); err != nil {
			t.Error(err)
		}
	}()
}

// guestEnv makes package inside run, and has a folder for what it writes.
var guestEnv = []string{"VSOCK_TEST_GUEST=1", "TMPDIR=/tmp"}

func testProgram(ctx context.Context, t *testing.T, tests string) []byte {
	t.Helper()
	program, err := uml.BuildTest(ctx, tests)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// files is a file system of a guest.
func files(t *testing.T, contents map[string][]byte) []blob.Content {
	t.Helper()
	tree := initramfs.NewTree()
	for path, content := range contents {
		if err := tree.File(path, initramfs.Attributes{Mode: 0o755}, blob.Bytes(content)); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	return []blob.Content{archive}
}

// parent runs tests in a guest in the parent's place, and returns what they have
// written, and how the guest has ended.
func (n *node) parent(t *testing.T, pattern string) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	guest, err := n.network.Start(n.ctx, parentCID, uml.Options{
		Ramdisks: n.test, Env: guestEnv, Output: &out,
		Command: []string{"/test", "-test.v=test2json", "-test.run=^(" + pattern + ")$"},
	})
	if err != nil {
		t.Fatal(err)
	}
	n.machines.Adopt(parentCID, guest)
	err = guest.Wait(n.ctx)
	if console := guest.Console(); t.Failed() || strings.Contains(console, "uml-init:") && !strings.Contains(console, "status 0") {
		t.Logf("the parent's console:\n%s", console)
	}
	return out.Bytes(), err
}

func TestVsock(t *testing.T) {
	n := newNode(t, "./vsock/inside", enclaveCID, strangerCID)
	n.serve(t, map[string]uml.Options{
		"enclave":  {Ramdisks: enclaveImage(n.ctx, t, "./vsock/payload", policy), Command: []string{"/init"}, AsInit: true},
		"stranger": {Ramdisks: n.test, Command: []string{"/test", "-test.v", "-test.run=^TestStranger$"}, Env: guestEnv},
	})
	t.Run("enclave", func(t *testing.T) {
		out, err := n.parent(t, "TestLife|TestCrash|TestLostEnclave|TestLostSupervisor")
		replay.Results(t, out)
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("lost parent", func(t *testing.T) { n.lostParent(t) })
}

// lostParent: an enclave whose parent is gone all of a sudden waits for what comes. On
// Nitro it is gone with its instance.
func (n *node) lostParent(t *testing.T) {
	out, err := n.parent(t, "TestLostParent")
	if !errors.Is(err, uml.ErrKilled) || !bytes.Contains(out, []byte("streams are under way")) {
		t.Fatalf("the parent was not killed in the middle: %v\n%s", err, out)
	}
	client := control.NewClient(func(ctx context.Context) (net.Conn, error) {
		return n.network.Link(enclaveCID).Dial(ctx, contract.PortControl)
	}, "a token of nobody's")
	defer client.Close()
	if status, err := client.Status(n.ctx); err != nil || status.State != control.StateRunning {
		t.Errorf("without a parent the enclave is %+v, %v", status, err)
	}
	out, err = n.parent(t, "TestReturn")
	replay.Results(t, out)
	if err != nil {
		t.Error(err)
	}
}
