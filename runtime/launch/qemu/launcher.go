//go:build linux

package qemu

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// CID is the vsock address of every enclave here. Nitro's start at 4, too.
const CID = 4

// DefaultParentID stands in for the id of the instance that is not there.
const DefaultParentID = "i-0123456789abcdef0"

// DefaultAppend makes Linux restart by a triple fault, which QEMU takes for the end. With
// the usual reboot=k an enclave that ends starts a second time now and then, because the
// machine lacks the keyboard controller that this asks.
const DefaultAppend = "reboot=t"

// Launcher starts enclaves in QEMU. It is not to be changed while it is used.
type Launcher struct {
	// Programs are the emulator's.
	Programs Programs
	// TempDir gets a folder for the sockets of each enclave, for its own user only, and
	// is short enough for the path of a unix socket. Empty means contract.TempDir.
	TempDir string
	// ParentID is the id of the parent instance: it is measured into PCR4, and begins
	// the enclave's ID. Empty means DefaultParentID.
	ParentID string
	// ParentRole is the ARN of the parent's role, which is measured into PCR3. Empty
	// leaves that zero, as for an instance without a role.
	ParentRole string
	// Append follows the image's command line, and is not measured. Empty means
	// DefaultAppend.
	Append string

	// patience stands in for consolePatience in tests.
	patience time.Duration
}

var _ launch.Launcher = (*Launcher)(nil)

// Launch starts the image. It returns once QEMU has read the image and runs the machine:
// an image that QEMU refuses is an error here, with what QEMU says of it. See
// [launch.Launcher].
func (l *Launcher) Launch(ctx context.Context, r launch.Request) (launch.Enclave, error) {
	e, err := l.launch(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("launching %s in QEMU: %w", r.Image, err)
	}
	return e, nil
}

func (l *Launcher) launch(ctx context.Context, r launch.Request) (_ *enclave, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	programs, err := l.Programs.absolute()
	if err != nil {
		return nil, err
	}
	if r.Image, err = filepath.Abs(r.Image); err != nil {
		return nil, err
	}
	id := newID(l.parentID())
	dir, err := makeFolder(l.tempDir(), id)
	if err != nil {
		return nil, err
	}
	e := newEnclave(dir, launch.Info{ID: id, CID: CID, CPUCount: r.CPUs, MemoryMiB: r.MemoryMiB, Debug: r.Debug, Started: time.Now()})
	e.patience = cmp.Or(l.patience, consolePatience)
	defer func() {
		if err != nil {
			e.clean()
		}
	}()
	if err := e.listen(ctx); err != nil {
		return nil, err
	}
	if err := e.startDevice(ctx, programs); err != nil {
		return nil, err
	}
	if err := e.startQEMU(ctx, programs.QEMU, l.arguments(programs.Firmware, e.path(deviceSocket), e.info, r.Image)); err != nil {
		return nil, err
	}
	go e.watch()
	return e, nil
}

func (l *Launcher) parentID() string { return cmp.Or(l.ParentID, DefaultParentID) }
func (l *Launcher) tempDir() string  { return cmp.Or(l.TempDir, contract.TempDir) }

// startDevice starts the host's end of the vsock device. It listens on its socket as soon
// as that is there, QEMU takes much longer to come to it.
func (e *enclave) startDevice(ctx context.Context, p Programs) (err error) {
	e.device, err = start(command{path: p.Vsock, dir: e.dir, args: []string{
		"--guest-cid", strconv.Itoa(CID), "--socket", e.path(deviceSocket), "--uds-path", e.path(hybridSocket),
	}})
	if err != nil {
		return err
	}
	return e.device.awaitFile(ctx, e.path(deviceSocket))
}

// startQEMU returns when the machine runs.
func (e *enclave) startQEMU(ctx context.Context, path string, args []string) error {
	monitor, theirs, err := socketPair()
	if err != nil {
		return err
	}
	defer func() { _ = monitor.Close() }()
	e.qemu, err = start(command{path: path, dir: e.dir, args: args, file: theirs, console: e.console})
	_ = theirs.Close()
	if err != nil {
		return err
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // without its device QEMU may wait for an answer of it for ever
		select {
		case <-e.device.done:
			stop()
		case <-asking.Done():
		}
	}()
	if err := awaitRunning(asking, monitor); err != nil {
		return e.refusal(ctx, err)
	}
	return nil
}

// refusal is why QEMU does not run the machine. Mostly it has ended, or is about to, and
// has said why.
func (e *enclave) refusal(ctx context.Context, err error) error {
	select {
	case <-e.qemu.done:
		return e.qemuFailure(fmt.Errorf("%s has ended: %w", e.qemu.name, err))
	case <-time.After(lastMoments):
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-e.device.done:
		return e.device.early()
	default:
		return fmt.Errorf("asking QEMU whether it runs: %w", err)
	}
}

// link is the way to the enclave's ports, with the given limit of a dial.
func (e *enclave) link(timeout time.Duration) *transport.Hybrid {
	return &transport.Hybrid{Path: e.path(hybridSocket), DialTimeout: timeout}
}
