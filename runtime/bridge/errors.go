package bridge

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// DialError is the kind of a failed dial, a label for metrics.
type DialError string

// The kinds of failed dials.
const (
	// DialRefused: the machine is there, and nobody listens on the port.
	DialRefused DialError = "refused"
	// DialTimeout: no answer in time.
	DialTimeout DialError = "timeout"
	// DialUnreachable: there is no such machine, or no way to it.
	DialUnreachable DialError = "unreachable"
	// DialName: the name could not be resolved.
	DialName DialError = "name"
	// DialForbidden: an allow-list or the system does not permit it.
	DialForbidden DialError = "forbidden"
	// DialOther is everything else; the log has it.
	DialOther DialError = "other"
)

// DialErrors lists all kinds of failed dials.
func DialErrors() []DialError {
	return []DialError{DialRefused, DialTimeout, DialUnreachable, DialName, DialForbidden, DialOther}
}

// kinds is looked through in order: more telling errors come first.
var kinds = []struct {
	err  error
	kind DialError
}{
	{transport.ErrPortClosed, DialRefused},
	{transport.ErrNoPeer, DialUnreachable},
	{transport.ErrPeerSilent, DialTimeout},
	{fs.ErrPermission, DialForbidden},
	{syscall.ECONNREFUSED, DialRefused},
	{syscall.ECONNRESET, DialRefused},
	{syscall.EHOSTUNREACH, DialUnreachable},
	{syscall.ENETUNREACH, DialUnreachable},
	{syscall.ETIMEDOUT, DialTimeout},
	{context.DeadlineExceeded, DialTimeout},
	{os.ErrDeadlineExceeded, DialTimeout},
}

func dialKind(err error) DialError {
	var name *net.DNSError
	if errors.As(err, &name) {
		return DialName
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return DialTimeout
	}
	return DialOther
}

// passing says whether a listener can be expected to accept again: the client went
// away first, or something ran out that others will give back.
func passing(err error) bool {
	for _, errno := range []error{
		syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EINTR,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
