package uml

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// BuildProgram compiles a package of the tests module to a static program for guests.
func BuildProgram(ctx context.Context, source string) ([]byte, error) {
	return compile(ctx, "build", source)
}

// BuildTest compiles the tests of a package of the tests module, likewise.
func BuildTest(ctx context.Context, source string) ([]byte, error) {
	return compile(ctx, "test", source)
}

func compile(ctx context.Context, verb, source string) ([]byte, error) {
	root, err := tools.ModuleRoot()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "uml-program-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	to := filepath.Join(dir, "program")
	args := []string{verb, "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", to, source}
	if verb == "test" {
		args = append(args[:1:1], append([]string{"-c"}, args[1:]...)...)
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // packages of this module
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w\n%s", source, err, out)
	}
	return os.ReadFile(to)
}
