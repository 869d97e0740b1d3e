package dockerfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// builtConfig runs chamber from a kernel to an image, and returns its configuration.
func builtConfig(t *testing.T) *v1.ConfigFile {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	kernel := make([]byte, 0x300)
	copy(kernel[0x202:], "HdrS") // what is looked at of a bzImage
	if err := os.WriteFile(path("kernel"), kernel, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("root"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	run("go", "-C", "../..", "build", "-o", path("chamber"), "./cmd/chamber")
	run("go", "-C", "../..", "build", "-o", path("init"), "./cmd/enclave-init")
	run(path("chamber"), "eif", "build", "--rootfs", path("root"), "--cmd", "/signer", "--kernel", path("kernel"), "--init", path("init"), "--output", path("s.eif"))
	run(path("chamber"), "image", "build", "--enclave-image", path("s.eif"), "--supervisor", path("init"), "--layout", path("layout"))
	index, err := layout.ImageIndexFromPath(path("layout"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config
}
