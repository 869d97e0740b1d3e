package chamber

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
	localkernel "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/pod"
)

// qemuDir is where the emulator is in the container.
const qemuDir = "/opt/qemu"

// Built are the files that all chambers share.
type Built struct {
	// Supervisor and Signer are programs on this machine.
	Supervisor, Signer string
	// Measurements are the image's, which is signed.
	Measurements eif.Measurements

	files []pod.Mount
}

// Build builds what is missing, into a folder. The first time that takes a quarter of an
// hour, for the kernel and QEMU; the error is debian.ErrUnavailable where they cannot be
// built.
func Build(ctx context.Context, dir string, out io.Writer) (*Built, error) {
	kernel, err := localkernel.Build(ctx, out, capacity.X8664)
	if err != nil {
		return nil, err
	}
	programs, err := emulator.Build(ctx, out)
	if err != nil {
		return nil, err
	}
	files, err := emulator.Files(ctx, programs, qemuDir)
	if err != nil {
		return nil, err
	}
	b := &Built{Supervisor: filepath.Join(dir, "enclave-supervisor"), Signer: filepath.Join(dir, "signer")}
	for _, file := range files {
		b.files = append(b.files, pod.Mount{Source: file.Source, Path: file.Path})
	}
	initProgram := filepath.Join(dir, "enclave-init")
	for _, p := range []struct{ module, source, path string }{
		{"..", "./cmd/enclave-supervisor", b.Supervisor}, {"..", "./cmd/enclave-init", initProgram}, {".", "./signer", b.Signer},
	} {
		if err := compile(ctx, p.module, p.source, p.path); err != nil {
			return nil, err
		}
	}
	return b, b.image(ctx, dir, kernel.Image, initProgram)
}

// compile builds a static program as the Makefile does. module is the folder of its
// module, seen from that of the tests.
func compile(ctx context.Context, module, source, path string) error {
	root, err := tools.ModuleRoot()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-buildvcs=false", "-o", path, source) //nolint:gosec // packages of ours
	cmd.Dir = filepath.Join(root, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", source, err, text)
	}
	return nil
}

// image builds the enclave image, and names the files of the pod's image.
func (b *Built) image(ctx context.Context, dir, kernelPath, initProgram string) error {
	root := filepath.Join(dir, "rootfs")
	for _, folder := range []string{"etc", "var", "run"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil { //nolint:gosec // a payload's root
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("signer:x:1000:1001::/:\n"), 0o644); err != nil { //nolint:gosec // a payload's file
		return err
	}
	if err := os.Link(b.Signer, filepath.Join(root, "signer")); err != nil {
		return err
	}
	policy := filepath.Join(dir, "policy.json")
	if err := writePolicy(policy); err != nil {
		return err
	}
	signer, err := newSigner()
	if err != nil {
		return err
	}
	r := imagebuild.Request{
		RootFS: root, KeepModes: true, Architecture: eif.X8664, Kernel: kernelPath, Cmdline: kernel.CommandLine, Init: initProgram,
		Policy: policy, Command: []string{"/signer", "server"}, User: "signer", Name: "signer", Version: "1",
		Signer: signer, Output: filepath.Join(dir, "enclave.eif"),
	}
	result, err := imagebuild.Build(ctx, r)
	if err != nil {
		return err
	}
	b.Measurements = result.Measurements
	b.files = append(b.files,
		pod.Mount{Source: b.Supervisor, Path: contract.SupervisorPath}, pod.Mount{Source: b.Supervisor, Path: contract.NitroCLIPath},
		pod.Mount{Source: r.Output, Path: contract.EnclaveImagePath}, pod.Mount{Source: result.MeasurementsPath, Path: contract.MeasurementsPath},
	)
	return nil
}
