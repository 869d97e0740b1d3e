//go:build linux

package nitro

import (
	"context"
	"fmt"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/heartbeat"
)

// BootTimeout is how long an enclave may take until its first program gives a sign of life:
// 90 s for every 6 GiB of its image and 90 s for every 100 GiB of its memory, each of them
// begun. It is nitro-cli's rule (enclave_proc/resource_manager.rs).
func BootTimeout(imageBytes int64, memoryMiB int) time.Duration {
	const unit = 90 * time.Second
	images := ceilDiv(imageBytes, 6<<30)
	memories := ceilDiv(int64(memoryMiB)<<20, 100<<30)
	return time.Duration(images+memories) * unit
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// bootLimit is BootTimeout, but for tests.
func (a *attempt) bootLimit(memoryMiB int) time.Duration {
	if a.bootTimeout > 0 {
		return a.bootTimeout
	}
	return BootTimeout(a.size, memoryMiB)
}

// boot waits for the heartbeat and then, whatever came, gives the boot lock back.
func (e *Enclave) boot(limit time.Duration) {
	defer close(e.booted)
	ctx, cancel := context.WithTimeoutCause(e.alive, limit, fmt.Errorf("%w (%v)", ErrBootTimeout, limit))
	defer cancel()
	e.bootErr = heartbeat.Await(ctx, e.taken.port, e.gate.Admit)
}

// Strangers counts the connections to the port of the heartbeat that were not the enclave's
// and were closed.
func (e *Enclave) Strangers() uint64 { return e.gate.Strangers() }

// Booted implements [launch.Enclave]. The limit is that of [BootTimeout] and runs since the
// start, whether somebody waits or not. The boot lock is held no longer than that.
func (e *Enclave) Booted(ctx context.Context) error {
	select {
	case <-e.booted:
		return e.bootErr
	default:
	}
	select {
	case <-e.booted:
		return e.bootErr
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
