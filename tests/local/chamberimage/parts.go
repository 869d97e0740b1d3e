package chamberimage

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Parts are what images are made of.
type Parts struct {
	// Kernel of enclaves, and the emulator that boots them.
	Kernel   kernel.Result
	Emulator qemu.Programs

	dir                      string
	supervisor, init, signer string
}

// Prepare compiles the programs into dir, and builds kernel and emulator first where the
// cache has none: that takes a quarter of an hour, and out says so. The error is
// debian.ErrUnavailable when this machine cannot build them.
func Prepare(ctx context.Context, out io.Writer, dir string) (*Parts, error) {
	p := &Parts{dir: dir}
	var err error
	if p.Kernel, err = kernel.Build(ctx, out, capacity.X8664); err != nil {
		return nil, err
	}
	if p.Emulator, err = emulator.Build(ctx, out); err != nil {
		return nil, err
	}
	for into, source := range map[*string][2]string{
		&p.supervisor: {"..", "./cmd/enclave-supervisor"}, &p.init: {"..", "./cmd/enclave-init"}, &p.signer: {".", "./signer"},
	} {
		if *into, err = compile(ctx, dir, source[0], source[1]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// compile builds a static program as the Makefile does. module is the folder of its
// module, seen from that of the tests.
func compile(ctx context.Context, dir, module, source string) (string, error) {
	root, err := tools.ModuleRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(source))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", path, source) //nolint:gosec // fixed
	cmd.Dir = filepath.Join(root, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", source, err, out)
	}
	return path, nil
}
