package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/child"
)

// ContextID is the vsock address of an emulated enclave. Nitro's start at 4, too.
const ContextID = 4

// maxSocketPath is the longest path of a unix socket (sun_path of unix(7), without
// the zero byte at its end).
const maxSocketPath = 107

// Enclave is an image that runs, or will.
type Enclave struct {
	programs Programs
	dir      string
	vsock    *child.Process
	qemu     *child.Process
}

// New prepares an enclave. Its sockets are in a folder of its own, with a short path.
// Close removes it.
func New(programs Programs) (*Enclave, error) {
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "enclave-")
		if err != nil {
			return nil, fmt.Errorf("making a folder for the enclave's sockets: %w", err)
		}
		e := &Enclave{programs: programs, dir: dir}
		if len(e.portPath(1<<32-1)) <= maxSocketPath {
			return e, nil
		}
		_ = os.Remove(dir)
	}
	return nil, errors.New("no folder for the enclave's sockets: their paths would be too long")
}

func (e *Enclave) path(name string) string { return filepath.Join(e.dir, name) }

// portPath is the socket at which vhost-device-vsock hands over the enclave's
// connections to a port of the host.
func (e *Enclave) portPath(port uint32) string {
	return e.path("v") + "_" + strconv.FormatUint(uint64(port), 10)
}

// Listen accepts the enclave's connections to context 2, the host, at the port. The
// enclave reaches only what listens before it dials. Other contexts, such as the
// parent instance's 3, would need a virtual machine of their own.
func (e *Enclave) Listen(ctx context.Context, port uint32) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "unix", e.portPath(port))
}

// Start boots the image. The end of the context is that of the enclave.
func (e *Enclave) Start(ctx context.Context, o Options) error {
	var err error
	e.vsock, err = child.Start(ctx, child.Spec{Dir: e.dir, Path: e.programs.Vsock, Args: []string{
		"--guest-cid", strconv.Itoa(ContextID), "--socket", e.path("s"), "--uds-path", e.path("v"),
	}})
	if err != nil {
		return err
	}
	if err := e.vsock.AwaitFile(ctx, e.path("s")); err != nil {
		return err
	}
	e.qemu, err = child.Start(ctx, child.Spec{Dir: e.dir, Path: e.programs.QEMU, Args: o.arguments(e.programs.Firmware, e.path("s"))})
	return err
}

// Console is what the enclave has written to its console so far, and QEMU to its
// standard error.
func (e *Enclave) Console() string {
	if e.qemu == nil {
		return ""
	}
	return e.qemu.Output()
}

// Wait waits for the enclave's end: its init has restarted the machine, or QEMU has
// refused the image. An exit status other than zero is an error, with the console's
// last lines.
func (e *Enclave) Wait(ctx context.Context) error {
	select {
	case <-e.qemu.Done():
		return e.qemu.Failure()
	case <-ctx.Done():
		return fmt.Errorf("the enclave has not ended: %w", ctx.Err())
	}
}

// Close ends what still runs and removes the folder.
func (e *Enclave) Close() error {
	for _, p := range []*child.Process{e.qemu, e.vsock} {
		if p != nil {
			p.Kill()
		}
	}
	return os.RemoveAll(e.dir)
}
