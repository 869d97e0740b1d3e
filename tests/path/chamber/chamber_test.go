package chamber

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// TestPod: the golden file has what is taken from it.
func TestPod(t *testing.T) {
	pod, err := readPod()
	if err != nil {
		t.Fatal(err)
	}
	environment := pod.environment()
	for _, want := range []string{
		contract.EnvPodName + "=" + PodName, contract.EnvNodeName + "=node-1", contract.EnvAWSRegion + "=" + Region, contract.EnvEnclaveMemoryMiB + "=1024",
		contract.EnvNitroSocketsPath + "=" + contract.SocketsDir,
	} {
		if !slices.Contains(environment, want) {
			t.Errorf("the environment lacks %s: %q", want, environment)
		}
	}
	scratch, err := pod.scratch()
	want := map[string]int64{contract.SocketsDir: 16 << 20, contract.LogsDir: 16 << 20, contract.TempDir: 16 << 20}
	if diff := cmp.Diff(want, scratch); diff != "" || err != nil {
		t.Errorf("scratch folders (-want +got): %v\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{contract.SupervisorPath, contract.CommandDrain}, pod.Containers[0].Lifecycle.PreStop.Exec.Command); diff != "" {
		t.Error(diff)
	}
}

// TestProjected: the file has a new content under its old name, and only links lead to it.
func TestProjected(t *testing.T) {
	p := projected{t.TempDir(), "token"}
	for _, content := range []string{"first", "second"} {
		if err := p.write(content); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(p.dir, p.file))
		if err != nil || string(got) != content {
			t.Errorf("the file has %q (%v), want %q", got, err, content)
		}
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("the volume has %v (%v)", entries, err)
	}
	if link, err := os.Readlink(filepath.Join(p.dir, p.file)); err != nil || link != "..data/token" {
		t.Errorf("the file leads to %q (%v)", link, err)
	}
}
