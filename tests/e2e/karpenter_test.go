package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/karpenter"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// TestKarpenter: a cluster without Karpenter, or with one that is too old, is
// refused with a clear message; the definitions of 1.15 accept everything that the
// component makes; and Karpenter itself scales from no node to running chambers and
// back.
func TestKarpenter(t *testing.T) {
	installPlugin(t)
	p := program(t, filepath.Join("programs", "karpenter"), map[string]string{"replicas": "3"})
	t.Cleanup(func() {
		// The objects go with their definitions, so the program's come first.
		if _, err := run(t, p, "destroy", "--yes", "--skip-preview"); err != nil {
			t.Errorf("destroying: %v", err)
		}
		if err := karpenter.RemoveCRDs(context.Background(), local.ControlPlane); err != nil {
			t.Error(err)
		}
	})
	t.Run("no Karpenter", func(t *testing.T) {
		expectKarpenterRefused(t, p, "ec2nodeclasses.karpenter.k8s.aws")
	})
	t.Run("Karpenter 1.14", func(t *testing.T) {
		installKarpenter(t, karpenter.V114)
		expectKarpenterRefused(t, p, "has no spec.enclaveOptions", "upgrade Karpenter and its CRDs to 1.15 or newer")
	})
	t.Run("Karpenter 1.15", func(t *testing.T) {
		installKarpenter(t, karpenter.V115)
		t.Run("the example", testKarpenterExample)
		t.Run("without the feature gate", func(t *testing.T) { testGateOff(t, p) })
		t.Run("from zero and back", func(t *testing.T) { testScaleFromZero(t, p) })
	})
}

func installKarpenter(t *testing.T, version karpenter.Version) {
	t.Helper()
	if err := karpenter.InstallCRDs(t.Context(), local.ControlPlane, version); err != nil {
		t.Fatal(err)
	}
}

// expectKarpenterRefused: previews and updates say why, and leave nothing behind but
// the empty component.
func expectKarpenterRefused(t *testing.T, p *stack.Program, want ...string) {
	t.Helper()
	for _, command := range [][]string{{"preview"}, {"up", "--yes", "--skip-preview"}} {
		_, err := run(t, p, command[0], command[1:]...)
		if err == nil {
			t.Fatalf("%s was accepted", command[0])
		}
		for _, text := range want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s does not say %q:\n%v", command[0], text, err)
			}
		}
	}
	for _, typ := range resources(t, p) {
		if strings.HasPrefix(typ, "aws:") || strings.HasPrefix(typ, "kubernetes:karpenter") {
			t.Errorf("the failed update has created %s", typ)
		}
	}
}

// testKarpenterExample previews the example as it is. An update would wait for
// instances that nobody starts here.
func testKarpenterExample(t *testing.T) {
	p := example(t, "karpenter-go", map[string]string{"clusterName": "demo", "karpenterRole": "karpenter"})
	planned := changes(t, p)
	for _, want := range []string{
		"create aws:eks/accessEntry:AccessEntry enclaves-node",
		"create aws:iam/rolePolicy:RolePolicy karpenter-passes-node-role",
		"create kubernetes:karpenter.k8s.aws/v1:EC2NodeClass enclaves",
		"create kubernetes:karpenter.sh/v1:NodePool enclaves",
		"create kubernetes:karpenter.sh/v1alpha1:NodeOverlay enclaves-m5.2xlarge",
		"create kubernetes:karpenter.sh/v1alpha1:NodeOverlay enclaves-m6i.2xlarge",
		"create kubernetes:apps/v1:Deployment chamber",
	} {
		if !slices.Contains(planned, want) {
			t.Errorf("the preview lacks %q:\n%s", want, strings.Join(planned, "\n"))
		}
	}
}

// startKarpenter runs Karpenter until the test ends.
func startKarpenter(t *testing.T, overlays bool) {
	t.Helper()
	binary, err := tools.Program(t.Context(), os.Stderr, tools.KarpenterKwok)
	if err != nil {
		t.Fatal(err)
	}
	k, err := karpenter.Start(t.Context(), karpenter.Options{
		Dir: filepath.Join(t.TempDir(), "karpenter"), Binary: binary, Kubeconfig: local.ControlPlane.Kubeconfig, NodeOverlay: overlays,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Karpenter's log ends:\n%s", k.Tail(30))
		}
		if err := k.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// testGateOff: without the gate nobody answers for a NodeOverlay, and the update says
// so instead of leaving pods to wait for ever.
func testGateOff(t *testing.T, p *stack.Program) {
	startKarpenter(t, false)
	applyNodeClass(t)
	configure(t, p, map[string]string{"overlayTimeout": "5", "replicas": "0"})
	_, err := run(t, p, "up", "--yes", "--skip-preview")
	if err == nil || !strings.Contains(err.Error(), "NodeOverlay") || !strings.Contains(err.Error(), "Ready") {
		t.Errorf("error: %v", err)
	}
	configure(t, p, map[string]string{"overlayTimeout": "120"})
}

// applyNodeClass makes what the NodePools of the test program refer to.
func applyNodeClass(t *testing.T) {
	t.Helper()
	apply := exec.CommandContext(t.Context(), local.ControlPlane.Kubectl(), "apply", "-f", "-")
	apply.Stdin = strings.NewReader("{apiVersion: karpenter.kwok.sh/v1alpha1, kind: KWOKNodeClass, metadata: {name: default}}")
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func testScaleFromZero(t *testing.T, p *stack.Program) {
	startKarpenter(t, true)
	up(t, p)
	expectKarpenterNodes(t, 0)
	configure(t, p, map[string]string{"replicas": "3"})
	up(t, p)
	if again := changes(t, p); len(again) > 0 {
		t.Errorf("the same program changes %q", again)
	}
	expectOnEnclaveNodes(t)
	expectKeptFields(t)

	// A fifth pod would need a third node, which the pool may not have.
	configure(t, p, map[string]string{"replicas": "5"})
	if _, err := run(t, p, "preview"); err == nil || !strings.Contains(err.Error(), "replicas (5)") {
		t.Errorf("a chamber too large for the pool: %v", err)
	}
	configure(t, p, map[string]string{"replicas": "0"})
	up(t, p)
	expectKarpenterNodes(t, 0)
	expectNoNodeClaims(t)
}

// expectNoNodeClaims waits until Karpenter has taken its finalizer off the last one,
// which it does some time after the node is gone. Nobody would once it has stopped, and
// then the definition could not be removed.
func expectNoNodeClaims(t *testing.T) {
	t.Helper()
	eventually(t, func(ctx context.Context) (string, error) {
		out, err := exec.CommandContext(ctx, local.ControlPlane.Kubectl(), "get", "nodeclaims", "-o", "name").CombinedOutput()
		if left := strings.TrimSpace(string(out)); err != nil || left != "" {
			return "there are still NodeClaims: " + left, err
		}
		return "", nil
	})
}

// karpenterNodes are the nodes of a group.
func karpenterNodes(ctx context.Context, t *testing.T) []corev1.Node {
	t.Helper()
	list, err := client(t).CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "karpenter.sh/nodepool"})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func expectKarpenterNodes(t *testing.T, want int) {
	t.Helper()
	eventually(t, func(ctx context.Context) (string, error) {
		if got := len(karpenterNodes(ctx, t)); got != want {
			return fmt.Sprintf("%d nodes, want %d", got, want), nil
		}
		return "", nil
	})
}

// expectOnEnclaveNodes: three chambers, two to a node, on nodes that have the group's
// labels and taint.
func expectOnEnclaveNodes(t *testing.T) {
	t.Helper()
	nodes := karpenterNodes(t.Context(), t)
	if len(nodes) != 2 {
		t.Errorf("Karpenter has started %d nodes, want 2", len(nodes))
	}
	for i := range nodes {
		node := &nodes[i]
		if node.Labels[contract.NodeLabel] != contract.NodeLabelValue || node.Labels[contract.NodeGroupLabel] != "enclaves" {
			t.Errorf("labels of %s: %v", node.Name, node.Labels)
		}
		if node.Labels[corev1.LabelInstanceTypeStable] == "" || node.Labels["karpenter.sh/capacity-type"] != "on-demand" {
			t.Errorf("labels of %s: %v", node.Name, node.Labels)
		}
		if !slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == contract.TaintKey }) {
			t.Errorf("taints of %s: %v", node.Name, node.Spec.Taints)
		}
	}
	perNode := slices.Sorted(maps.Values(podsPerNode(t.Context(), t)))
	if diff := cmp.Diff([]int{1, 2}, perNode); diff != "" {
		t.Errorf("pods per node (-want +got):\n%s", diff)
	}
}

// expectKeptFields reads back from the API server what nobody's silence may drop.
func expectKeptFields(t *testing.T) {
	t.Helper()
	for object, want := range map[string]string{
		"ec2nodeclass/enclaves {.spec.enclaveOptions.enabled} {.spec.metadataOptions.httpTokens}":                         "true required",
		"ec2nodeclass/spares {.spec.enclaveOptions.enabled} {.spec.amiFamily} {.spec.role}":                               "true AL2023 own",
		"nodepool/enclaves {.spec.disruption.consolidationPolicy} {.spec.limits.nodes} {.spec.template.spec.expireAfter}": "WhenEmpty 2 Never",
		"nodeoverlay/spares-c6g-2xlarge {.spec.capacity.hugepages-32Mi}":                                                  "3Gi",
	} {
		name, path, _ := strings.Cut(object, " ")
		get := exec.CommandContext(t.Context(), local.ControlPlane.Kubectl(), "get", name, "-o", "jsonpath="+path)
		out, err := get.CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("%s is %q, want %q (%v)", object, out, want, err)
		}
	}
}
