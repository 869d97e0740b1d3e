package nodes

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// world is a simulator at work on a real control plane.
type world struct {
	*testing.T
	account *awsstate.Store
	client  kubernetes.Interface
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
	dir := t.TempDir()
	cp, err := controlplane.Start(t.Context(), controlplane.Options{
		Dir: filepath.Join(dir, "kubernetes"), KubeOne: set.KubeOne, KwokModule: set.KwokModule,
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
	w := &world{T: t, account: awsstate.Open(awsstate.Path(dir)), client: client}
	w.simulate(awsstate.Path(dir))
	return w
}

// simulate runs the simulator until the test ends.
func (w *world) simulate(account string) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Simulator{Account: account, Client: w.client, Log: slog.New(slog.NewTextHandler(w.Output(), nil))}
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(func() { cancel(); running.Wait() })
}

func (w *world) put(resources ...awsstate.Resource) {
	w.Helper()
	err := w.account.Update(func(s *awsstate.State) error {
		for _, r := range resources {
			s.Put(r)
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) nodes() []corev1.Node {
	list, err := w.client.CoreV1().Nodes().List(w.Context(), metav1.ListOptions{LabelSelector: ownerLabel})
	if err != nil {
		w.Fatal(err)
	}
	return list.Items
}

// eventually waits until the nodes are as the condition wants them.
func (w *world) eventually(what string, condition func([]corev1.Node) bool) []corev1.Node {
	w.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		nodes := w.nodes()
		if condition(nodes) {
			return nodes
		}
		if time.Now().After(deadline) {
			w.Fatalf("waiting for %s: there are %d nodes: %+v", what, len(nodes), names(nodes))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func names(nodes []corev1.Node) (all []string) {
	for i := range nodes {
		all = append(all, nodes[i].Name)
	}
	slices.Sort(all)
	return all
}

func allReady(n int) func([]corev1.Node) bool {
	return func(nodes []corev1.Node) bool {
		return len(nodes) == n && !slices.ContainsFunc(nodes, func(node corev1.Node) bool { return !ready(&node) })
	}
}

// TestAgainstARealControlPlane follows a node group through its life.
func TestAgainstARealControlPlane(t *testing.T) {
	w := startWorld(t)
	foreign, err := w.client.CoreV1().Nodes().Create(w.Context(),
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "foreign"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	template := awsstate.Resource{Type: launchTemplateType, ID: "lt-1", Versions: []map[string]any{template(true), template(true)}}
	group := func(version string) awsstate.Resource {
		return awsstate.Resource{Type: nodeGroupType, ID: "demo:enclaves", Inputs: map[string]any{
			"nodeGroupName": "enclaves", "scalingConfig": map[string]any{"desiredSize": 3},
			"launchTemplate": map[string]any{"id": "lt-1", "version": version},
		}}
	}
	w.put(template, group("1"))
	first := w.eventually("three nodes", allReady(3))
	for _, node := range first {
		if pages := node.Status.Allocatable["hugepages-2Mi"]; pages.String() != "1Gi" {
			t.Errorf("pages %s", pages.String())
		}
	}

	w.runPlugin()
	w.eventually("the plugin's resources", func(nodes []corev1.Node) bool { return len(nodes) == 3 && offering(nodes, "2/2") == 3 })

	w.put(group("2"))
	fewest := 3
	second := w.eventually("three new nodes", func(nodes []corev1.Node) bool {
		fewest = min(fewest, offering(nodes, "2/2"))
		return offering(nodes, "2/2") == 3 && !slices.ContainsFunc(nodes, func(n corev1.Node) bool {
			return slices.Contains(names(first), n.Name)
		})
	})
	if fewest == 0 {
		t.Error("for a moment no node had enclaves: they were not replaced one by one")
	}
	if strings.Join(names(first), " ") == strings.Join(names(second), " ") {
		t.Error("the nodes have kept their names")
	}

	if err := w.account.Update(func(s *awsstate.State) error { s.Delete(nodeGroupType, "demo:enclaves"); return nil }); err != nil {
		t.Fatal(err)
	}
	w.eventually("no nodes", func(nodes []corev1.Node) bool { return len(nodes) == 0 })
	if _, err := w.client.CoreV1().Nodes().Get(w.Context(), foreign.Name, metav1.GetOptions{}); err != nil {
		t.Errorf("somebody else's node: %v", err)
	}
}

func offering(nodes []corev1.Node, want string) (n int) {
	for i := range nodes {
		if amounts(nodes[i].Status.Allocatable) == want {
			n++
		}
	}
	return n
}

func (w *world) runPlugin() {
	w.Helper()
	labels := map[string]string{"app": "plugin"}
	_, err := w.client.AppsV1().DaemonSets("default").Create(w.Context(), &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "plugin"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "plugin", Image: "example.invalid/" + pluginImage + ":0.4.1",
					Env: []corev1.EnvVar{{Name: "MAX_ENCLAVES_PER_NODE", Value: "2"}, {Name: "ENCLAVE_CPU_ADVERTISEMENT", Value: "true"}},
				}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
}
