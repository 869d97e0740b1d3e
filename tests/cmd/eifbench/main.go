// Command eifbench compares runtime/eif with AWS's own writer of enclave images, the
// Rust crate aws-nitro-enclaves-image-format, built as tests/tools/eif-reference.
//
//	eifbench compare REFERENCE    the same inputs through both: bytes, measurements, signatures
//	eifbench bench [REFERENCE]    wall and CPU time, peak memory, and ratios to one pass of SHA-384
//
// Every measured step is a process of its own, which reads files and writes files, so
// that its memory is its own too.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "eifbench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

var errUsage = errors.New("usage: eifbench compare REFERENCE | eifbench bench [REFERENCE]")

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "compare":
		return inFolder(func(dir string) error { return compare(ctx, dir, args[1]) })
	case len(args) == 1 && args[0] == "bench":
		return inFolder(func(dir string) error { return bench(ctx, dir, "") })
	case len(args) == 2 && args[0] == "bench":
		return inFolder(func(dir string) error { return bench(ctx, dir, args[1]) })
	case len(args) == 2 && steps[args[0]] != nil:
		return steps[args[0]](ctx, args[1])
	}
	return errUsage
}

// inFolder gives a folder for files of some GiB, and removes it.
func inFolder(f func(dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "eifbench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return f(dir)
}
