package transport

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// What a failed dial wraps, beside the system's own error.
var (
	// ErrPortClosed means that the peer is there and nobody listens on the port.
	// AF_VSOCK reports ECONNRESET, a hybrid socket closes before its OK.
	ErrPortClosed = errors.New("nobody listens on the peer's port")
	// ErrNoPeer means that there is no such machine: ENODEV for a CID without
	// one, or a hybrid socket that is not there or has nobody behind it.
	ErrNoPeer = errors.New("there is no such peer")
	// ErrPeerSilent means that no answer came in time. A machine that died looks
	// like this. It is a timeout in the sense of net.Error.
	ErrPeerSilent = errors.New("the peer does not answer")
	// ErrUnsupported means that this process cannot have AF_VSOCK at all: the
	// kernel lacks it, or a seccomp profile refuses it, as containerd's default
	// profile does (EPERM).
	ErrUnsupported = errors.New("AF_VSOCK is not available to this process")
	// ErrHandshake means that a hybrid socket answered something other than OK:
	// whatever listens there is not a virtual machine monitor.
	ErrHandshake = errors.New("malformed answer of a hybrid socket")
)

// failure is a sentinel and what it was concluded from. net.OpError asks it
// directly whether it is a timeout.
type failure struct{ kind, cause error }

func (f *failure) Error() string   { return f.kind.Error() + ": " + f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

// Timeout is what net.Error has.
func (f *failure) Timeout() bool { return errors.Is(f.kind, ErrPeerSilent) }

// classes are the errors of a dial that mean the same on both transports.
var classes = []struct{ cause, kind error }{
	{syscall.ECONNRESET, ErrPortClosed},
	{syscall.ENODEV, ErrNoPeer},
	{syscall.ENETUNREACH, ErrNoPeer},
	{syscall.EHOSTUNREACH, ErrNoPeer},
	{fs.ErrNotExist, ErrNoPeer},
	{syscall.ETIMEDOUT, ErrPeerSilent},
	{os.ErrDeadlineExceeded, ErrPeerSilent},
	{context.DeadlineExceeded, ErrPeerSilent},
	{syscall.EAFNOSUPPORT, ErrUnsupported},
	{syscall.EPERM, ErrUnsupported},
	// The library reports ENOTCONN as the end of the stream, also of a dial.
	{io.EOF, ErrPortClosed},
	{syscall.EPIPE, ErrPortClosed},
}

// dialError makes the error of a dial. refused is what ECONNREFUSED means: on a
// unix socket that nobody is behind it, on AF_VSOCK that the port is closed.
func dialError(network string, addr net.Addr, refused, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return &net.OpError{Op: "dial", Net: network, Addr: addr, Err: classify(refused, err)}
}

func classify(refused, err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return &failure{refused, err}
	}
	for _, c := range classes {
		if errors.Is(err, c.cause) {
			return &failure{c.kind, err}
		}
	}
	return err
}

// listenError adds to the error of a listener when AF_VSOCK is not to be had.
func listenError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && (errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EPERM)) {
		op.Err = &failure{ErrUnsupported, op.Err}
	}
	return err
}
