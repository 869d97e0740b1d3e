package bridge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

func TestDialKind(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		err  error
		want DialError
	}{
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), DialRefused},
		{dial(transport.ErrPortClosed), DialRefused},
		{dial(transport.ErrNoPeer), DialUnreachable},
		{dial(os.NewSyscallError("connect", syscall.ENETUNREACH)), DialUnreachable},
		{dial(transport.ErrPeerSilent), DialTimeout},
		{dial(os.ErrDeadlineExceeded), DialTimeout},
		{context.DeadlineExceeded, DialTimeout},
		{dial(&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}), DialName},
		// A resolver that does not answer is trouble with names too.
		{dial(&net.DNSError{Err: "i/o timeout", Name: "x", IsTimeout: true}), DialName},
		{fmt.Errorf("not allowed: %w", fs.ErrPermission), DialForbidden},
		{errors.New("something else"), DialOther},
	} {
		if got := dialKind(c.err); got != c.want {
			t.Errorf("%v is %q; want %q", c.err, got, c.want)
		}
	}
}
