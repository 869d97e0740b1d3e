package launch

import (
	"context"
	"io"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Request says what to start.
type Request struct {
	// Image is the path of the enclave image (EIF).
	Image string
	// CPUs is the number of the enclave's CPUs. On Nitro these are whole cores: an
	// even number on instances with two threads a core.
	CPUs int
	// MemoryMiB is the enclave's memory in MiB.
	MemoryMiB int
	// Debug starts the enclave in debug mode: its console can be read, and all its
	// measurements are zero, so that no key that is bound to them can be used.
	Debug bool
}

// Launcher starts enclaves in one way. Its methods may be called at the same time.
type Launcher interface {
	// Preflight checks all that can be checked before an enclave is started. It
	// changes nothing. No finding means that Launch has good prospects, and no more:
	// what others take between the two is theirs.
	Preflight(ctx context.Context, r Request) []Finding
	// Launch starts the image and returns once it runs, which is before its first
	// program does: see Enclave.Booted. The end of ctx stops a launch that is under
	// way and has no effect on an enclave that was returned. What a failed launch had
	// taken is given back.
	Launch(ctx context.Context, r Request) (Enclave, error)
}

// Enclave is one that was started. It ends with the process that started it.
type Enclave interface {
	// Info describes the enclave. It does not change.
	Info() Info
	// Link is the way to the enclave's ports.
	Link() transport.Link
	// Booted waits for the first sign of life of the enclave's first program
	// (contract.HeartbeatByte on contract.PortHeartbeat). It fails at the end of ctx,
	// and when the enclave ends first.
	Booted(ctx context.Context) error
	// Done is closed when the enclave has ended, for whatever reason.
	Done() <-chan struct{}
	// Err says why it has ended, once Done is closed: nil after Terminate and after
	// an end of the enclave's own accord that nothing is wrong with.
	Err() error
	// Terminate ends the enclave and waits until it is gone, or for the end of ctx. It
	// may be called more than once, and after the end.
	Terminate(ctx context.Context) error
	// Console reads what the enclave writes to its console from now on, with what is
	// still to be had of the past. It fails with ErrNoConsole unless the enclave is in
	// debug mode.
	Console(ctx context.Context) (io.ReadCloser, error)
}

// Info describes an enclave that was started.
type Info struct {
	// ID names the enclave on its instance, in nitro-cli's form:
	// i-0123456789abcdef0-enc0123456789abcdef.
	ID string
	// CID is its vsock address.
	CID uint32
	// CPUs are the numbers of the parent's CPUs that it got; nil when nobody can tell.
	CPUs []int
	// CPUCount is how many CPUs it has.
	CPUCount int
	// MemoryMiB is its memory in MiB.
	MemoryMiB int
	// Debug tells whether it is in debug mode.
	Debug bool
	// Started is when it was started.
	Started time.Time
}
