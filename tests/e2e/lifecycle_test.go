package e2e

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestLifecycle takes the example through its life: preview, up, the same again,
// changes, and destroy. Each time just the right resources change.
func TestLifecycle(t *testing.T) {
	p := example(t, "existing-cluster-go", map[string]string{"clusterName": "demo"})

	planned := changes(t, p)
	if len(planned) != 19 {
		t.Errorf("the first preview shows %d resources: %q", len(planned), planned)
	}
	if _, err := client(t).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("a preview has created the namespace, or worse: %v", err)
	}

	up(t, p)
	expectSecretsEncrypted(t, p.Export)
	if diff := cmp.Diff([]string(nil), changes(t, p)); diff != "" {
		t.Errorf("the same program changes something (-want +got):\n%s", diff)
	}

	// Three of four slots are taken, so the pods after this one have none free:
	// with the number, the strategy changes, and nothing else does.
	configure(t, p, map[string]string{"replicas": "4"})
	expectChanges(t, changes(t, p), "update kubernetes:apps/v1:Deployment chamber")
	up(t, p)

	configure(t, p, map[string]string{"tag": "v1.6.0"})
	expectChanges(t, changes(t, p), "update kubernetes:apps/v1:Deployment chamber")
	up(t, p)
	if image := deployment(t).Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, ":v1.6.0-nitro") {
		t.Errorf("the image is %s", image)
	}

	if _, err := run(t, p, "destroy", "--yes", "--skip-preview"); err != nil {
		t.Fatal(err)
	}
	expectNothingLeft(t)
}

func expectChanges(t *testing.T, got []string, want ...string) {
	t.Helper()
	got = slices.DeleteFunc(got, func(c string) bool {
		return strings.HasSuffix(c, "Stack containment-chamber-existing-cluster-testlifecycle")
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// expectSecretsEncrypted looks for a text that is in the signer's configuration
// only.
func expectSecretsEncrypted(t *testing.T, export func(context.Context) (string, error)) {
	t.Helper()
	state, err := export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(state, "containment-keys") {
		t.Error("the signer's configuration stands in the state in the open")
	}
	if !strings.Contains(state, `"ciphertext"`) {
		t.Error("the state has no secret at all")
	}
	account, err := os.ReadFile(local.Account())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(account), "containment-keys") {
		t.Error("the signer's configuration went to AWS")
	}
}

func expectNothingLeft(t *testing.T) {
	t.Helper()
	eventually(t, func(ctx context.Context) (string, error) {
		nodes, err := client(t).CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil || len(nodes.Items) > 0 {
			return "there are still nodes", err
		}
		namespaces, err := client(t).CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		if slices.ContainsFunc(namespaces.Items, func(n corev1.Namespace) bool { return n.Name == namespace }) {
			return "there is still a namespace", err
		}
		return "", err
	})
}
