package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// registryPage is the page with an example in each language.
const registryPage = "../../docs/_index.md"

// snippet is the code block of a language on the registry page.
func snippet(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile(registryPage)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, opened := strings.Cut(string(page), "```"+language+"\n")
	code, _, closed := strings.Cut(rest, "```")
	if !opened || !closed {
		t.Fatalf("%s has no code block in %s", registryPage, language)
	}
	return code
}

// TestDocumentedYAML deploys the registry page's YAML program.
func TestDocumentedYAML(t *testing.T) {
	installPlugin(t)
	installYAML(t)
	dir := filepath.Join(t.TempDir(), "documented-yaml")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	code := strings.Replace(snippet(t, "yaml"), "name: prod", "name: demo", 1)
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program(t, dir, nil)
	up(t, p)
	if got := deployment(t).Status.AvailableReplicas; got != 2 {
		t.Errorf("%d pods are available, want 2", got)
	}
}

// installYAML puts the YAML language host where the engine finds it. A Pulumi CLI
// of the user's has one beside it.
func installYAML(t *testing.T) {
	t.Helper()
	if !local.Tools.OwnPulumi {
		return
	}
	host, err := tools.Program(t.Context(), os.Stderr, "pulumi-language-yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(host, filepath.Join(local.Dir, "bin", filepath.Base(host))); err != nil {
		t.Fatal(err)
	}
}

// TestDocumentedGo compiles the registry page's Go program, as a package that
// exists only for the compiler.
func TestDocumentedGo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(snippet(t, "go")), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{filepath.Join(root, "examples", "documented", "main.go"): file}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlayFile, "-o", os.DevNull, "./examples/documented")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("go build: %v\n%s", err, out)
	}
}
