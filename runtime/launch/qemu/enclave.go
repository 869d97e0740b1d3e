//go:build linux

package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// lastMoments is how long one program may take to end after the other: when QEMU ends,
// its device notices and may be seen to have ended first.
const lastMoments = 2 * time.Second

// enclave is a running QEMU with its vsock device.
type enclave struct {
	info    launch.Info
	dir     string
	device  *process
	qemu    *process
	console *output
	// patience is consolePatience, but for tests.
	patience time.Duration

	signs *signs
	// terminate is closed by the first Terminate.
	terminate     chan struct{}
	terminateOnce sync.Once
	// done is closed at the end; err and left are valid then. left is what could not
	// be removed.
	done      chan struct{}
	err, left error
}

func newEnclave(dir string, info launch.Info) *enclave {
	kept := tailBytes
	if info.Debug {
		kept = consoleBytes
	}
	return &enclave{info: info, dir: dir, console: newOutput(kept), terminate: make(chan struct{}), done: make(chan struct{})}
}

func (e *enclave) path(name string) string { return filepath.Join(e.dir, name) }

// Info describes the enclave.
func (e *enclave) Info() launch.Info { return e.info }

// Link is the way to the enclave's ports.
func (e *enclave) Link() transport.Link { return e.link(0) }

// Done is closed when QEMU or its device has ended, and the other one with it.
func (e *enclave) Done() <-chan struct{} { return e.done }

// Err says why the enclave has ended.
func (e *enclave) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// watch waits for the end, of whatever kind, and clears up behind it.
func (e *enclave) watch() {
	e.err = e.awaitEnd()
	e.clean()
	close(e.done)
}

func (e *enclave) awaitEnd() error {
	select {
	case <-e.terminate:
		return nil
	case <-e.qemu.done:
		return e.qemuFailure(nil)
	case <-e.device.done:
	}
	select {
	case <-e.terminate:
		return nil
	case <-e.qemu.done:
		return e.qemuFailure(nil)
	case <-time.After(lastMoments):
		return fmt.Errorf("the enclave has lost its vsock device: %w", e.device.early())
	}
}

// qemuFailure is why QEMU has ended, with the last words of QEMU and, only then, of the
// guest. Where QEMU finds nothing wrong it is the given error.
func (e *enclave) qemuFailure(otherwise error) error {
	err := e.qemu.failure()
	if err == nil {
		return otherwise
	}
	return withLines(err, "the console's last lines:\n", e.console)
}

// clean ends what runs and removes the folder. It is called once.
func (e *enclave) clean() {
	for _, p := range []*process{e.qemu, e.device} {
		if p != nil {
			p.kill()
		}
	}
	if e.signs != nil {
		e.signs.close()
	}
	e.console.end()
	if err := os.RemoveAll(e.dir); err != nil {
		e.left = fmt.Errorf("removing the folder of %s: %w", e.info.ID, err)
	}
}

// Terminate kills QEMU and its device. An error says that they were still there at the
// end of ctx, or what of the enclave's folder could not be removed.
func (e *enclave) Terminate(ctx context.Context) error {
	e.terminateOnce.Do(func() { close(e.terminate) })
	select {
	case <-e.done:
		return e.left
	default:
	}
	select {
	case <-e.done:
		return e.left
	case <-ctx.Done():
		return fmt.Errorf("waiting for the end of %s: %w", e.info.ID, ctx.Err())
	}
}

// Console reads the console from the start of the enclave on, of which the last mebibyte
// is kept, and what comes. Closing it, or the enclave's end, ends it; ctx bounds the call
// only.
func (e *enclave) Console(ctx context.Context) (io.ReadCloser, error) {
	if !e.info.Debug {
		return nil, launch.ErrNoConsole
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &reader{output: e.console}, nil
}

// errEnded is the error of Booted when the enclave has ended, and nothing is wrong with
// that.
var errEnded = errors.New("its init has ended")
