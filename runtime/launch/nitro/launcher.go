//go:build linux

package nitro

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// DevicePath is the driver's device.
const DevicePath = "/dev/nitro_enclaves"

// Launcher starts enclaves through the driver's device. Its zero value is ready for use.
type Launcher struct {
	// Device is the path of the device. Empty means DevicePath.
	Device string
	// Root is where Preflight and the enclave's ID read /sys. Nil means the real root.
	Root fs.FS
	// BootLockTimeout is how long a launch waits for the boot lock. Zero means
	// bootlock.DefaultTimeout.
	BootLockTimeout time.Duration
	// Logger gets what is worth knowing of a launch. Nil means none.
	Logger *slog.Logger
	// Listen opens the port of the heartbeat for everybody; see bootlock.Lock.
	Listen func(ctx context.Context) (net.Listener, error)
	// DialConsole connects to the console of an enclave. Nil means AF_VSOCK.
	DialConsole func(ctx context.Context, port uint32) (net.Conn, error)

	// These stand in for the machine in tests.
	model        system
	pageSizes    []capacity.PageSize
	architecture capacity.Architecture
	lockRetry    time.Duration
	bootTimeout  time.Duration
}

var _ launch.Launcher = (*Launcher)(nil)

func (l *Launcher) kernel() system {
	if l.model != nil {
		return l.model
	}
	return linux{}
}

func (l *Launcher) device() string {
	if l.Device != "" {
		return l.Device
	}
	return DevicePath
}

func (l *Launcher) root() fs.FS {
	if l.Root != nil {
		return l.Root
	}
	return os.DirFS("/")
}

func (l *Launcher) log() *slog.Logger {
	if l.Logger != nil {
		return l.Logger
	}
	return slog.New(slog.DiscardHandler)
}

func (l *Launcher) dialConsole(ctx context.Context, port uint32) (net.Conn, error) {
	if l.DialConsole != nil {
		return l.DialConsole(ctx, port)
	}
	return (&transport.VSock{Peer: transport.HypervisorCID}).Dial(ctx, port)
}

// sizes are the page sizes to try, largest first.
func (l *Launcher) sizes() []capacity.PageSize {
	if l.pageSizes != nil {
		return l.pageSizes
	}
	return l.machine().PageSizes()
}
