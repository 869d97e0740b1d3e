package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
)

// TestEverythingThroughThePlugin: the plugin that serves other languages makes
// all components with all options, and the real apiserver takes every object.
// Explicit providers and transforms reach the children.
func TestEverythingThroughThePlugin(t *testing.T) {
	installPlugin(t)
	installServiceMonitors(t)
	p := program(t, filepath.Join("programs", "everything"), nil)
	if err := p.SetSecret(t.Context(), "password", "hunter2"); err != nil {
		t.Fatal(err)
	}
	up(t, p)
	if again := changes(t, p); len(again) > 0 {
		t.Errorf("the same program changes %q", again)
	}
	state := exportState(t, p)
	if strings.Contains(string(state.text), "hunter2") {
		t.Error("the password stands in the state in the open")
	}
	children := 0
	for _, r := range state.Deployment.Resources {
		if !strings.Contains(r.Parent, "::containment-chamber:index:") {
			continue
		}
		children++
		pkg, _, _ := strings.Cut(r.Type, ":")
		if !strings.Contains(r.Provider, "::own-"+pkg+"::") {
			t.Errorf("%s has the provider %s", r.Type, r.Provider)
		}
		if pkg == "kubernetes" && r.Inputs.Metadata.Annotations["example.com/owner"] != "staking" {
			t.Errorf("%s was not transformed: %v", r.Type, r.Inputs.Metadata.Annotations)
		}
	}
	if children < 15 {
		t.Errorf("saw only %d children", children)
	}
	expectAutoscaler(t)
	expectScaleFromZero(t, 4)
}

// expectAutoscaler: the HorizontalPodAutoscaler owns the number of pods.
func expectAutoscaler(t *testing.T) {
	t.Helper()
	scaler, err := client(t).AutoscalingV2().HorizontalPodAutoscalers("signers").Get(t.Context(), "signer", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if scaler.Spec.MaxReplicas != 3 || *scaler.Spec.MinReplicas != 2 {
		t.Errorf("the autoscaler goes from %d to %d", *scaler.Spec.MinReplicas, scaler.Spec.MaxReplicas)
	}
}

// state is what the tests read of a stack's state.
type state struct {
	text       []byte
	Deployment struct {
		Resources []struct {
			Type, URN, Parent, Provider string
			Inputs                      struct {
				Metadata struct{ Annotations map[string]any }
			}
		}
	}
}

func exportState(t *testing.T, p *stack.Program) state {
	t.Helper()
	text, err := p.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := state{text: []byte(text)}
	if err := json.Unmarshal(s.text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// installPlugin builds the plugin of this repository into the local stack, where
// the engine finds it on the PATH.
func installPlugin(t *testing.T) {
	t.Helper()
	path := filepath.Join(local.Dir, "bin", "pulumi-resource-containment-chamber")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the plugin: %v\n%s", err, out)
	}
}

// installServiceMonitors installs the Prometheus operator's own definition of a
// ServiceMonitor, from its module.
func installServiceMonitors(t *testing.T) {
	t.Helper()
	const module = "github.com/prometheus-operator/prometheus-operator"
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	download.Dir = filepath.Join("..", "tools", "crds")
	out, err := download.Output()
	if err != nil {
		t.Fatalf("downloading %s: %v", module, err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	crd := filepath.Join(found.Dir, "example", "prometheus-operator-crd", "monitoring.coreos.com_servicemonitors.yaml")
	apply := exec.CommandContext(t.Context(), local.ControlPlane.Kubectl(), "apply", "--server-side", "-f", crd)
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("installing ServiceMonitors: %v\n%s", err, out)
	}
	wait := exec.CommandContext(t.Context(), local.ControlPlane.Kubectl(), "wait", "--for=condition=Established", "--timeout=120s", "crd/servicemonitors.monitoring.coreos.com")
	if out, err := wait.CombinedOutput(); err != nil {
		t.Fatalf("waiting for ServiceMonitors: %v\n%s", err, out)
	}
}
