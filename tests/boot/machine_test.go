// Package boot starts images of runtime/eif, with the kernel of runtime/kernel, in
// QEMU's nitro-enclave machine, and asks the security module inside what it measured.
package boot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
	localkernel "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
)

// limit is for one boot, which takes seconds.
const limit = 3 * time.Minute

// machine is what all boots share.
type machine struct {
	programs emulator.Programs
	kernel   string
	guest    string
}

// newMachine builds what is missing: the first time that takes a quarter of an hour.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{kernel: builtKernel(t).Image}
	var err error
	m.programs, err = emulator.Build(t.Context(), os.Stderr)
	need(t, err)
	m.guest = buildGuest(t)
	return m
}

func builtKernel(t *testing.T) localkernel.Result {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test builds a kernel and QEMU, and starts virtual machines")
	}
	result, err := localkernel.Build(t.Context(), os.Stderr, capacity.X8664)
	need(t, err)
	return result
}

// need skips the test where kernel or emulator cannot be built. In CI that is a failure.
func need(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run is what one start of an image has shown.
type run struct {
	reports []report.Report
	console string
	// starts is how often the kernel has started.
	starts int
	// err is how QEMU has ended.
	err error
}

// boot starts the image and waits for its end. When talk is not nil, it is called
// with the enclave after its first report.
func (m *machine) boot(t *testing.T, o emulator.Options, talk func(context.Context, *emulator.Enclave) error) run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	enclave, err := emulator.New(m.programs)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := enclave.Close(); err != nil {
			t.Error(err)
		}
	}()
	listener, err := enclave.Listen(ctx, report.Port)
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan report.Report, 100)
	go collect(listener, reports)
	if err := enclave.Start(ctx, o); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- enclave.Wait(ctx) }()
	r := m.follow(ctx, t, enclave, reports, ended, talk)
	_ = listener.Close()
	r.console = enclave.Console()
	r.starts = strings.Count(r.console, "Linux version ")
	return r
}

// follow collects reports until the enclave has ended.
func (m *machine) follow(ctx context.Context, t *testing.T, enclave *emulator.Enclave, reports chan report.Report, ended chan error,
	talk func(context.Context, *emulator.Enclave) error) (r run) {
	t.Helper()
	for {
		select {
		case one := <-reports:
			r.reports = append(r.reports, one)
			if len(r.reports) > 1 || talk == nil {
				talk = hangUp
			}
			if err := talk(ctx, enclave); err != nil {
				t.Errorf("talking to the enclave: %v", err)
			}
		case r.err = <-ended:
			return r
		}
	}
}

// hangUp lets the guest end: it waits for one connection.
func hangUp(ctx context.Context, enclave *emulator.Enclave) error {
	conn, err := enclave.Dial(ctx, report.EchoPort)
	if err != nil {
		return err
	}
	return conn.Close()
}

// collect reads a report from each connection until the listener is closed.
func collect(listener net.Listener, reports chan<- report.Report) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		var r report.Report
		err = json.NewDecoder(conn).Decode(&r)
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
		if err == nil {
			reports <- r
		}
	}
}
