package e2e

import (
	"slices"
	"strings"
	"testing"
)

// TestNewCluster runs the example that makes the cluster too: in the first
// preview nothing of the cluster is known.
func TestNewCluster(t *testing.T) {
	p := example(t, "eks-go", nil)
	planned := changes(t, p)
	for _, want := range []string{
		"create eks:index:Cluster chamber",
		"create aws:eks/nodeGroup:NodeGroup enclaves",
		"create kubernetes:apps/v1:DaemonSet nitro-device-plugin",
		"create kubernetes:apps/v1:Deployment signer",
	} {
		if !slices.Contains(planned, want) {
			t.Errorf("the preview lacks %q:\n%s", want, strings.Join(planned, "\n"))
		}
	}
	up(t, p)
	if again := changes(t, p); len(again) > 0 {
		t.Errorf("the same program changes %q", again)
	}
	outputs, err := p.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if outputs["kubeconfig"] != "[secret]" {
		t.Error("the kubeconfig is not secret")
	}
	if outputs["endpoint"] != "http://signer.containment-chamber.svc:9000" {
		t.Errorf("endpoint is %v", outputs["endpoint"])
	}
}
