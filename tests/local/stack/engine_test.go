package stack

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

const secretText = "the-secret-that-nobody-reads"

// startTwo starts two stacks at the same time.
func startTwo(t *testing.T) (stacks [2]*Stack) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts Kubernetes control planes")
	}
	set, err := tools.Ensure(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var errs [2]error
	var starting sync.WaitGroup
	for i, name := range []string{"a", "b"} {
		starting.Go(func() {
			stacks[i], errs[i] = Start(t.Context(), Options{Dir: filepath.Join(dir, name), Tools: set})
		})
	}
	starting.Wait()
	t.Cleanup(func() {
		for _, name := range []string{"a", "b"} {
			if err := Remove(context.Background(), filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
	})
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return stacks
}

// program is testdata/settings on a stack, with its configuration.
func program(t *testing.T, s *Stack, name string) *Program {
	t.Helper()
	p, err := s.Program(t.Context(), filepath.Join("testdata", "settings"), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.SetConfig(t.Context(), "value", "one"), p.SetSecret(t.Context(), "key", secretText)); err != nil {
		t.Fatal(err)
	}
	return p
}

// bounded is the context of one run of the engine, which has been seen to hang: then
// the test is to fail with what was printed, long before its package does.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// run runs a command of the program and wants these texts in what it prints.
func run(t *testing.T, p *Program, command string, args []string, want ...string) {
	t.Helper()
	out, err := p.Run(bounded(t), command, args...)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range want {
		if !strings.Contains(out, text) {
			t.Errorf("pulumi %s: no %q in\n%s", command, text, out)
		}
	}
}

var yes = []string{"--yes", "--skip-preview"}

// TestTheRealEngine runs a small program on two stacks side by side.
func TestTheRealEngine(t *testing.T) {
	stacks := startTwo(t)
	if stacks[0].Kubeconfig() == stacks[1].Kubeconfig() || !stacks[0].Running() || !stacks[1].Running() {
		t.Fatalf("the stacks are not two: %+v", stacks)
	}
	t.Run("lifecycle", func(t *testing.T) { testLifecycle(t, stacks[0]) })
	t.Run("preview without a cluster", func(t *testing.T) { testOffline(t, stacks[0]) })
	t.Run("lookup", func(t *testing.T) { testLookup(t, stacks[0]) })
	t.Run("side by side", func(t *testing.T) { testSideBySide(t, stacks[0], stacks[1]) })
}

func testLifecycle(t *testing.T, s *Stack) {
	p := program(t, s, "dev")
	run(t, p, "preview", nil, "+ 3 to create")
	run(t, p, "up", yes, "+ 3 created")
	first, err := p.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run(t, p, "up", yes, "3 unchanged")
	run(t, p, "refresh", yes, "3 unchanged")

	state, err := p.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{secretText, base64.StdEncoding.EncodeToString([]byte(secretText))} {
		if strings.Contains(state, text) {
			t.Errorf("the state has %q in clear text", text)
		}
	}

	if err := p.SetConfig(t.Context(), "value", "two"); err != nil {
		t.Fatal(err)
	}
	run(t, p, "up", yes, "+-2 replaced", "1 unchanged")
	second, err := p.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first["name"] == second["name"] {
		t.Errorf("the replaced ConfigMap has kept the name %s", first["name"])
	}
	run(t, p, "destroy", yes, "- 3 deleted")
	if left := configMaps(t, s); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// testOffline previews against an address at which nobody answers.
func testOffline(t *testing.T, s *Stack) {
	content, err := os.ReadFile(s.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	server, _, _ := strings.Cut(string(content[strings.Index(string(content), "https://"):]), "\n")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(content), server, "https://127.0.0.1:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program(t, s, "offline")
	if err := p.SetConfig(t.Context(), "kubernetes:kubeconfig", path); err != nil {
		t.Fatal(err)
	}
	run(t, p, "preview", nil, "+ 3 to create")
	if out, err := p.Run(bounded(t), "up", yes...); err == nil || !strings.Contains(out+err.Error(), "connection refused") {
		t.Errorf("up without a cluster: %v\n%s", err, out)
	}
}

// testLookup reads a custom resource definition by its name, already in a preview.
func testLookup(t *testing.T, s *Stack) {
	p, err := s.Program(t.Context(), filepath.Join("testdata", "lookup"), "lookup")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetConfig(t.Context(), "definition", "things.example.invalid"); err != nil {
		t.Fatal(err)
	}
	for command, args := range map[string][]string{"preview": nil, "up": yes} {
		out, err := p.Run(bounded(t), command, args...)
		if want := "resource 'things.example.invalid' does not exist"; err == nil || !strings.Contains(out+err.Error(), want) {
			t.Errorf("%s: no %q in %v\n%s", command, want, err, out)
		}
	}
	define(t, s)
	run(t, p, "preview", nil, "example.invalid")
	run(t, p, "up", yes)
	outputs, err := p.Outputs(t.Context())
	if err != nil || outputs["group"] != "example.invalid" {
		t.Errorf("outputs %v, %v", outputs, err)
	}
	run(t, p, "destroy", yes)
}

// define installs a definition behind Pulumi's back.
func define(t *testing.T, s *Stack) {
	t.Helper()
	const crd = `{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": {"name": "things.example.invalid"},
		"spec": {"group": "example.invalid", "scope": "Cluster", "names": {"plural": "things", "kind": "Thing"},
			"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}`
	apply := exec.CommandContext(t.Context(), s.ControlPlane.Kubectl(), "apply", "-f", "-")
	apply.Stdin = strings.NewReader(crd)
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func testSideBySide(t *testing.T, a, b *Stack) {
	run(t, program(t, b, "dev"), "up", yes, "+ 3 created")
	if got := configMaps(t, a); got != "" {
		t.Errorf("the other stack has %s", got)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the stopped stack: %v", err)
	}
	for name, pid := range a.Processes() {
		if pid != 0 {
			t.Errorf("%s of the stopped stack still runs", name)
		}
	}
	again, err := Open(b.Dir)
	if err != nil {
		t.Fatalf("stopping one stack has stopped the other: %v", err)
	}
	if configMaps(t, again) == "" {
		t.Error("the other stack has lost its objects")
	}
}

// configMaps names the program's ConfigMaps.
func configMaps(t *testing.T, s *Stack) string {
	t.Helper()
	client, err := s.ControlPlane.Client()
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.CoreV1().ConfigMaps("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range list.Items {
		if strings.HasPrefix(list.Items[i].Name, "settings-") {
			names = append(names, list.Items[i].Name)
		}
	}
	return strings.Join(names, " ")
}
