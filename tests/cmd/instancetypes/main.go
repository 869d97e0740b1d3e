// Command instancetypes writes the table of instance types of runtime/capacity from
// moto's copy of what EC2's DescribeInstanceTypes answers. It has pip download the
// release from PyPI, or reads a wheel that is already there.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// motoVersion is the release that the table is written from unless told otherwise.
const motoVersion = "5.2.5"

func main() {
	version := flag.String("version", motoVersion, "release of moto to download")
	wheel := flag.String("wheel", "", "a wheel of moto to read instead of downloading one")
	out := flag.String("out", "", "the Go file to write")
	flag.Parse()
	if err := run(context.Background(), *version, *wheel, *out); err != nil {
		fmt.Fprintln(os.Stderr, "instancetypes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version, wheel, out string) error {
	if out == "" {
		return fmt.Errorf("-out is required: the Go file to write")
	}
	if wheel == "" {
		folder, err := os.MkdirTemp("", "instancetypes")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		if wheel, err = download(ctx, version, folder); err != nil {
			return err
		}
	}
	r, err := readWheel(wheel)
	if err != nil {
		return fmt.Errorf("%s: %w", wheel, err)
	}
	families, err := group(r.types)
	if err != nil {
		return err
	}
	text, err := render(r, families)
	if err != nil {
		return err
	}
	fmt.Println(summary(families))
	return os.WriteFile(out, text, 0o644)
}

// download fetches one wheel, and nothing that it depends on.
func download(ctx context.Context, version, folder string) (string, error) {
	cmd := exec.CommandContext(ctx, "pip", "download", "--quiet", "--disable-pip-version-check",
		"--no-deps", "--only-binary", ":all:", "--dest", folder, "moto=="+version)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("pip download moto==%s (this needs Python's pip and PyPI): %w", version, err)
	}
	found, err := filepath.Glob(filepath.Join(folder, "moto-*.whl"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("pip left %d wheels of moto: %w", len(found), err)
	}
	return found[0], nil
}
