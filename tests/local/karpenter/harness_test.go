package karpenter

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/nodes"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// world is a control plane on which Karpenters can be started.
type world struct {
	*testing.T
	cp     *controlplane.ControlPlane
	client kubernetes.Interface
	binary string
}

func startWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts a Kubernetes control plane")
	}
	set, err := tools.Ensure(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := tools.Program(t.Context(), os.Stderr, tools.KarpenterKwok)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := controlplane.Start(t.Context(), controlplane.Options{
		Dir: filepath.Join(t.TempDir(), "kubernetes"), KubeOne: set.KubeOne, KwokModule: set.KwokModule,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	client, err := cp.Client()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, cp: cp, client: client, binary: binary}
	w.simulateNodes()
	return w
}

// simulateNodes runs the node simulator on an empty account: it must leave
// Karpenter's nodes alone.
func (w *world) simulateNodes() {
	ctx, cancel := context.WithCancel(context.Background())
	s := &nodes.Simulator{
		Account: awsstate.Path(w.TempDir()), Client: w.client, Log: slog.New(slog.NewTextHandler(w.Output(), nil)),
	}
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(func() { cancel(); running.Wait() })
}

// start runs Karpenter until the function that it returns is called.
func (w *world) start(overlays bool) (stop func()) {
	w.Helper()
	begin := time.Now()
	k, err := Start(w.Context(), Options{
		Dir: filepath.Join(w.TempDir(), "karpenter"), Binary: w.binary, Kubeconfig: w.cp.Kubeconfig, NodeOverlay: overlays,
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Logf("Karpenter works after %s", time.Since(begin).Round(100*time.Millisecond))
	if at := listening(w.T, k.PID()); len(at) > 0 {
		w.Errorf("Karpenter listens at %q", at)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			if w.Failed() {
				w.Logf("Karpenter's log ends:\n%s", k.Tail(30))
			}
			if err := k.Stop(context.Background()); err != nil {
				w.Error(err)
			}
		})
	}
	w.Cleanup(stop)
	return stop
}

func (w *world) kubectl(stdin string, args ...string) {
	w.Helper()
	if err := kubectl(w.Context(), w.cp, strings.NewReader(stdin), args...); err != nil {
		w.Fatal(err)
	}
}

// eventually polls until there is no objection.
func (w *world) eventually(what string, objection func(ctx context.Context) (string, error)) {
	w.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	for {
		text, err := objection(ctx)
		if err == nil && text == "" {
			w.Logf("%s after %s", what, time.Since(begin).Round(100*time.Millisecond))
			return
		}
		select {
		case <-ctx.Done():
			w.Fatalf("waiting for %s: %s %v", what, text, err)
		case <-time.After(pause):
		}
	}
}
