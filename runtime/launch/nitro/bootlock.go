//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// defaultLockRetry is how often, in the mean, a launch tries to take the boot lock.
const defaultLockRetry = 500 * time.Millisecond

// takeBootLock binds the port of the heartbeat, which is the only one of the node.
func (a *attempt) takeBootLock(ctx context.Context) error {
	limit := a.BootLockTimeout
	if limit <= 0 {
		limit = DefaultBootLockTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w for %v", ErrBootLock, limit))
	defer cancel()
	port, err := a.listen(ctx)
	if errors.Is(err, syscall.EADDRINUSE) {
		a.log().Info("waiting for another enclave of this node to boot", "timeout", limit)
	}
	for errors.Is(err, syscall.EADDRINUSE) {
		select {
		case <-ctx.Done():
			return fail(StepBootLock, "", fmt.Errorf("%w (%w)", context.Cause(ctx), err))
		case <-time.After(a.pause()):
		}
		port, err = a.listen(ctx)
	}
	if err != nil {
		return fail(StepBootLock, "", err)
	}
	a.port = port
	return nil
}

// pause is between half and one and a half of the mean: two launches that met once should
// not meet again.
func (a *attempt) pause() time.Duration {
	mean := a.lockRetry
	if mean <= 0 {
		mean = defaultLockRetry
	}
	return mean/2 + rand.N(mean)
}
