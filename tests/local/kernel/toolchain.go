package kernel

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

func (t target) toolchain(ctx context.Context) (kernel.Toolchain, error) {
	var (
		c   kernel.Toolchain
		err error
	)
	// Debian's, which is the one that the environment's PATH finds.
	if c.Compiler, err = firstLine(ctx, "/usr/bin/"+t.cross+"gcc", "--version"); err != nil {
		return c, err
	}
	if c.Linker, err = firstLine(ctx, "/usr/bin/"+t.cross+"ld", "--version"); err != nil {
		return c, err
	}
	c.Compressor, err = firstLine(ctx, "/usr/bin/xz", "--version")
	return c, err
}

func firstLine(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output() //nolint:gosec // names of this package
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", args[0], err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
}
