package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// local is the stack that all tests of the package share, one after the other.
var local *stack.Stack

func TestMain(m *testing.M) {
	code, err := withStack(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// withStack runs the tests on a stack of their own and leaves nothing behind.
func withStack(run func() int) (code int, err error) {
	ctx := context.Background()
	set, err := tools.Ensure(ctx, os.Stderr)
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "containment-chamber-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if local, err = stack.Start(ctx, stack.Options{Dir: filepath.Join(dir, "stack"), Tools: set}); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, local.Stop(ctx)) }()
	return run(), nil
}
