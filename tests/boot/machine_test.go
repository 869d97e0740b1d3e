// Package boot starts images of runtime/eif, with the kernel of runtime/kernel, in
// QEMU's nitro-enclave machine, and asks the security module inside what it measured.
package boot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
	localkernel "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
)

// limit is for one boot, which takes seconds.
const limit = 3 * time.Minute

// machine is what all boots share.
type machine struct {
	programs qemu.Programs
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
	// err is how the launch, or the enclave, has ended.
	err error
	// id is the enclave's.
	id string
}

// launcher starts enclaves of a parent without a role.
func (m *machine) launcher() *qemu.Launcher { return &qemu.Launcher{Programs: m.programs} }

// request is for an enclave whose console can be read.
func request(image string) launch.Request {
	return launch.Request{Image: image, CPUs: 1, MemoryMiB: 512, Debug: true}
}

// started is an enclave and what is on its console.
type started struct {
	launch.Enclave
	console chan string
}

// start starts the image. The enclave ends with the test, and an error is that of the launch.
func start(ctx context.Context, t *testing.T, l launch.Launcher, r launch.Request) (*started, error) {
	t.Helper()
	enclave, err := l.Launch(ctx, r)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { terminate(ctx, t, enclave) })
	console, err := enclave.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s := &started{Enclave: enclave, console: make(chan string, 1)}
	go func() {
		text, err := io.ReadAll(console)
		if err != nil {
			text = append(text, err.Error()...)
		}
		s.console <- string(text)
	}()
	return s, nil
}

func terminate(ctx context.Context, t *testing.T, enclave launch.Enclave) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := enclave.Terminate(ctx); err != nil {
		t.Error(err)
	}
}

// wait waits for the end by itself.
func (s *started) wait(ctx context.Context) error {
	select {
	case <-s.Done():
		return s.Err()
	case <-ctx.Done():
		return fmt.Errorf("the enclave has not ended: %w", ctx.Err())
	}
}

// wholeConsole is all that was on the console of an enclave that has ended.
func (s *started) wholeConsole() string {
	text := <-s.console
	s.console <- text
	return text
}

// boot starts the image and waits for its end. When talk is not nil, it is called
// with the way to the enclave after its first report.
func (m *machine) boot(t *testing.T, l launch.Launcher, r launch.Request, talk func(context.Context, transport.Link) error) (result run) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	enclave, err := start(ctx, t, l, r)
	if err != nil {
		return run{err: err}
	}
	defer terminate(ctx, t, enclave)
	// The guest tries until somebody listens.
	listener, err := enclave.Link().Listen(ctx, report.Port)
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan report.Report, 100)
	go collect(listener, reports)
	ended := make(chan error, 1)
	go func() { ended <- enclave.wait(ctx) }()
	result = m.follow(ctx, t, enclave.Link(), reports, ended, talk)
	_ = listener.Close()
	terminate(ctx, t, enclave)
	result.id, result.console = enclave.Info().ID, enclave.wholeConsole()
	result.starts = strings.Count(result.console, "Linux version ")
	return result
}

// follow collects reports until the enclave has ended.
func (m *machine) follow(ctx context.Context, t *testing.T, link transport.Link, reports chan report.Report, ended chan error,
	talk func(context.Context, transport.Link) error) (r run) {
	t.Helper()
	for {
		select {
		case one := <-reports:
			r.reports = append(r.reports, one)
			if len(r.reports) > 1 || talk == nil {
				talk = hangUp
			}
			if err := talk(ctx, link); err != nil {
				t.Errorf("talking to the enclave: %v", err)
			}
		case r.err = <-ended:
			return r
		}
	}
}

// hangUp lets the guest end: it waits for one connection.
func hangUp(ctx context.Context, link transport.Link) error {
	conn, err := link.Dial(ctx, report.EchoPort)
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
