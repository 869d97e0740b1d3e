package vsock

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
)

// policy lets the payload run without a security module, which counts as debug mode.
const policy = `{"version":1,"debug":true,"egress":["config.example.com:80","stream.example.com:81"],"environment":["GREETING"],
"files":["/var/run/secrets/token"]}`

// chamberPolicy lets the signer of chambers run in the same way.
const chamberPolicy = `{"version":1,"debug":true,"egress":["config.example.com:80"],"files":["/etc/containment-chamber/config.json"]}`

// enclaveImage builds an image of a payload as chamber eif build does, and returns its
// ramdisks. Its kernel is none: User Mode Linux takes its place.
func enclaveImage(ctx context.Context, t *testing.T, payload, policy string) []blob.Content {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"kernel": kernel(), "policy.json": []byte(policy),
		"rootfs/etc/passwd": []byte("root:x:0:0::/:\nsigner:x:1000:1001::/:\n"),
		"rootfs/payload":    program(ctx, t, payload), "init": program(ctx, t, initPackage),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a payload's root
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	r := imagebuild.Request{
		RootFS: filepath.Join(dir, "rootfs"), KeepModes: true, Architecture: eif.X8664, Kernel: filepath.Join(dir, "kernel"),
		Init: filepath.Join(dir, "init"), Policy: filepath.Join(dir, "policy.json"), Command: []string{"/payload"},
		User: "signer", Output: filepath.Join(dir, "enclave.eif"),
	}
	if _, err := imagebuild.Build(ctx, r); err != nil {
		t.Fatal(err)
	}
	image, err := eif.OpenFile(r.Output)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = image.Close() })
	return image.Ramdisks()
}

// initPackage is the init of enclaves.
const initPackage = "github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/enclave-init"

func program(ctx context.Context, t *testing.T, source string) []byte {
	t.Helper()
	data, err := uml.BuildProgram(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// kernel has the magic number of a bzImage (Linux, Documentation/arch/x86/boot.rst), and
// nothing else.
func kernel() []byte {
	k := make([]byte, 1024)
	copy(k[0x202:], "HdrS")
	return k
}
