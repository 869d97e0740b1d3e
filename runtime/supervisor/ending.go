package supervisor

import (
	"context"
	"time"
)

// ending is how a supervisor is told to end, and how fast.
type ending struct {
	// told ends when the supervisor is to drain, terminate when it need not wait for a
	// SIGTERM afterwards, fast when it is to hurry.
	told, terminate, fast context.Context
	drain                 context.CancelFunc
	exit                  context.CancelFunc
	hasten                context.CancelFunc
	// over ends when the enclave and all that belongs to it are gone.
	over context.Context
	done context.CancelFunc
}

func newEnding() *ending {
	e := &ending{}
	e.told, e.drain = context.WithCancel(context.Background())
	e.terminate, e.exit = context.WithCancel(context.Background())
	e.fast, e.hasten = context.WithCancel(context.Background())
	e.over, e.done = context.WithCancel(context.Background())
	return e
}

// first is a SIGTERM. After a drain by the preStop hook, kubelet sends it when the hook
// has returned, and all that is left to do is to go. While a drain is under way it means
// that kubelet has given up on its hook, and not that the drain should be cut short.
func (e *ending) first() {
	e.drain()
	e.exit()
}

// hurry ends without a drain, or with what is left of one.
func (e *ending) hurry() {
	e.hasten()
	e.first()
}

// linger waits for the SIGTERM after a drain. If the supervisor ended first, it would take
// the preStop hook with it, which kubelet would report as a failure.
func (e *ending) linger(most time.Duration) {
	select {
	case <-e.terminate.Done():
	case <-time.After(most):
	}
}

// await waits until the enclave is gone.
func (e *ending) await(ctx context.Context) error {
	select {
	case <-e.over.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
