package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
)

// slots is how many enclaves the node has room for. Pages are there for two more, so
// that it is slots that run out.
const (
	slots       = 4
	podPages    = 16 // of 2 MiB
	enclaveCPUs = 2 * (slots + 2)
)

// shared is the node of all tests of this package, which run one after the other.
var shared struct {
	node        *realnode.Node
	client      kubernetes.Interface
	unavailable error
	// closers are called before the node ends.
	closers []io.Closer
}

func TestMain(m *testing.M) {
	realnode.Main()
	flag.Parse()
	code, err := withNode(context.Background(), m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		code = 1
	}
	os.Exit(code)
}

// withNode runs the tests on a node that has the payload's image.
func withNode(ctx context.Context, run func() int) (code int, err error) {
	if testing.Short() {
		shared.unavailable = errors.New("-short: this test starts a node")
		return run(), nil
	}
	node, err := start(ctx)
	if errors.Is(err, realnode.ErrUnavailable) || errors.Is(err, debian.ErrUnavailable) {
		shared.unavailable = err
		return run(), nil
	}
	if err != nil {
		return 1, err
	}
	defer func() {
		for _, c := range shared.closers {
			err = errors.Join(err, c.Close())
		}
		err = errors.Join(err, node.Stop(ctx))
	}()
	if shared.client, err = node.Client(); err != nil {
		return 1, err
	}
	if err := importPayload(ctx, node); err != nil {
		return 1, err
	}
	shared.node = node
	return run(), nil
}

func start(ctx context.Context) (*realnode.Node, error) {
	profile, err := realnode.InstalledProfile()
	if err != nil {
		return nil, err
	}
	programs, err := realnode.Build(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	return realnode.Start(ctx, realnode.Options{
		Programs: programs, Slots: slots, EnclaveCPUs: enclaveCPUs, HugePages: podPages * (slots + 2),
		SeccompProfiles: map[string][]byte{contract.SeccompProfile: profile},
	})
}

// importPayload gives the payload to the node under the name of the chamber's image.
func importPayload(ctx context.Context, node *realnode.Node) error {
	objects, err := registered()
	if err != nil {
		return err
	}
	program, archive := filepath.Join(node.Dir, "payload"), filepath.Join(node.Dir, "payload.tar")
	if err := realnode.Compile(ctx, "./node/payload", program); err != nil {
		return err
	}
	image := realnode.Image{
		Ref:   objects.deployment.Spec.Template.Spec.Containers[0].Image,
		Files: map[string]string{contract.SupervisorPath: program}, Entrypoint: []string{contract.SupervisorPath},
	}
	if err := image.WriteTo(archive); err != nil {
		return err
	}
	return node.ImportImage(ctx, archive)
}

// needNode skips the test on a machine that can run no node.
func needNode(t *testing.T) {
	t.Helper()
	if shared.node == nil {
		t.Skip(shared.unavailable)
	}
}
