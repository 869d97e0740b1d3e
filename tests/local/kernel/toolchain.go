package kernel

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Toolchain is what makes the bytes, and what the kernel's own banner names.
type Toolchain struct {
	// Compiler and Linker are the first lines of their --version.
	Compiler string `json:"compiler"`
	Linker   string `json:"linker"`
}

func (t target) toolchain(ctx context.Context) (Toolchain, error) {
	var (
		c   Toolchain
		err error
	)
	// Debian's, which is the one that the environment's PATH finds.
	if c.Compiler, err = firstLine(ctx, "/usr/bin/"+t.cross+"gcc", "--version"); err != nil {
		return c, err
	}
	c.Linker, err = firstLine(ctx, "/usr/bin/"+t.cross+"ld", "--version")
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
