package guest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/policy"
)

func imageOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadImage(t *testing.T) {
	dir := imageOf(t, map[string]string{"cmd": "/run\n", "env": "A=1\n", "settings.json": `{"user":"5"}`, "policy.json": `{"version":1,"debug":true}`})
	spec, allowed, err := readImage(dir)
	want := launch.Spec{Command: []string{"/run"}, Env: []string{"A=1"}, User: "5", WorkingDir: "/"}
	if diff := cmp.Diff(want, spec); err != nil || diff != "" || !allowed.Debug {
		t.Errorf("policy %+v, %v (-want +got):\n%s", allowed, err, diff)
	}
}

// TestReadImageOfNitroCLI has neither settings nor a policy.
func TestReadImageOfNitroCLI(t *testing.T) {
	_, allowed, err := readImage(imageOf(t, map[string]string{"cmd": "/run", "env": ""}))
	if diff := cmp.Diff(policy.Default(), allowed); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestReadImageRefuses(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"/cmd: names no program":        {"env": ""},
		"/policy.json: version (2)":     {"cmd": "a", "policy.json": `{"version":2}`},
		"/policy.json: reading":         {"cmd": "a", "policy.json": ""},
		"/policy.json: the policy is 2": {"cmd": "a", "policy.json": strings.Repeat(" ", policy.MaxBytes+1)},
		"/cmd: is 1048577 bytes":        {"cmd": strings.Repeat("a", 2*launch.MaxBytes)},
	} {
		if _, _, err := readImage(imageOf(t, files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
