package path

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/pod"
)

// patience is for each wait. A loaded machine is slow, so it is no measure of anything.
const patience = 3 * time.Minute

// shared is what all tests of this package use.
var shared struct {
	built       *chamber.Built
	unavailable error
}

func TestMain(m *testing.M) {
	pod.Main()
	flag.Parse()
	code, err := build(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "path:", err)
		code = 1
	}
	os.Exit(code)
}

func build(m *testing.M) (code int, err error) {
	if testing.Short() {
		shared.unavailable = errors.New("-short: this test builds a kernel and QEMU, and starts enclaves")
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "path")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err = pod.Available(); err == nil {
		shared.built, err = chamber.Build(context.Background(), dir, os.Stderr)
	}
	if errors.Is(err, debian.ErrUnavailable) || errors.Is(err, pod.ErrUnavailable) {
		shared.unavailable, err = err, nil
	}
	if err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// built skips the test on a machine that cannot run it. In CI that is a failure.
func built(t *testing.T) *chamber.Built {
	t.Helper()
	if shared.built == nil {
		t.Skip(shared.unavailable)
	}
	return shared.built
}
