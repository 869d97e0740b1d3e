//go:build linux

package nitro

import (
	"context"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/bootlock"
)

// takeBootLock binds the port of the heartbeat, which is the only one of the node.
func (a *attempt) takeBootLock(ctx context.Context) error {
	lock := bootlock.Lock{Listen: a.Listen, Timeout: a.BootLockTimeout, Retry: a.lockRetry, Logger: a.log()}
	port, err := lock.Take(ctx)
	if err != nil {
		return fail(StepBootLock, "", err)
	}
	a.port = port
	return nil
}
