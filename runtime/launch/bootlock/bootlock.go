// Package bootlock has the enclaves of a node boot one at a time.
//
// The first program of an enclave tells port [contract.PortHeartbeat] of the parent that it
// runs. AF_VSOCK is not namespaced, so that is one port for a whole node: whoever holds it
// may boot an enclave, and the others wait. nitro-cli's enclaves respect it too.
package bootlock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// ErrHeld means that another enclave of the node was booting for longer than the timeout.
var ErrHeld = errors.New("another enclave of this node kept the boot lock")

// DefaultTimeout is how long others are waited for: three of the usual limits of a boot
// (180 s), since a node has at most four enclaves, and a minute.
const DefaultTimeout = 10 * time.Minute

// defaultRetry is how often, in the mean, it is tried to take the lock.
const defaultRetry = 500 * time.Millisecond

// Lock is the node's boot lock. Its zero value is ready for use.
type Lock struct {
	// Listen opens the port of the heartbeat for everybody. Nil means
	// contract.PortHeartbeat of AF_VSOCK. It fails with EADDRINUSE while another enclave
	// boots.
	Listen func(ctx context.Context) (net.Listener, error)
	// Timeout is how long Take waits. Zero means DefaultTimeout.
	Timeout time.Duration
	// Retry is the mean of the pause between two tries. Zero means half a second.
	Retry time.Duration
	// Logger gets a line when others are waited for. Nil means none.
	Logger *slog.Logger
}

// Take waits for the lock and returns the port, which is open: the lock is held until it is
// closed. It fails with ErrHeld and EADDRINUSE after the timeout, with the cause of the end
// of ctx, and with an error of Listen that waiting does not cure.
func (l Lock) Take(ctx context.Context) (net.Listener, error) {
	limit := l.Timeout
	if limit <= 0 {
		limit = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w for %v", ErrHeld, limit))
	defer cancel()
	port, err := l.listen(ctx)
	if errors.Is(err, syscall.EADDRINUSE) && l.Logger != nil {
		deadline, _ := ctx.Deadline() // the caller's, if that comes first
		l.Logger.Info("waiting for another enclave of this node to boot", "timeout", time.Until(deadline).Round(time.Millisecond).String())
	}
	for errors.Is(err, syscall.EADDRINUSE) {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		case <-time.After(l.pause()):
		}
		port, err = l.listen(ctx)
	}
	return port, err
}

func (l Lock) listen(ctx context.Context) (net.Listener, error) {
	if l.Listen != nil {
		return l.Listen(ctx)
	}
	port, err := (&transport.VSock{Peer: transport.AnyCID}).Listen(ctx, contract.PortHeartbeat)
	if err != nil {
		return nil, err // and no listener that holds nil
	}
	return port, nil
}

// pause is between half and one and a half of the mean: two launches that met once should
// not meet again.
func (l Lock) pause() time.Duration {
	mean := l.Retry
	if mean <= 0 {
		mean = defaultRetry
	}
	return mean/2 + rand.N(mean)
}
