package demo

import (
	"context"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
)

// destroyPatience bounds the orderly way down: afterwards everything is removed
// in any case.
const destroyPatience = 2 * time.Minute

// Down destroys the example when the control plane answers, then stops
// everything, the real node too, and removes the state.
func (d *Demo) Down(ctx context.Context) error {
	if local, err := stack.Open(d.Dir); err == nil {
		if err := d.destroy(ctx, local); err != nil {
			d.say("    not destroyed, removing it all the same: %s\n", err)
		}
	}
	d.say("==> stopping the local stack and the real node\n")
	return stack.Remove(context.WithoutCancel(ctx), d.Dir)
}

func (d *Demo) destroy(ctx context.Context, local *stack.Stack) error {
	ctx, cancel := context.WithTimeout(ctx, destroyPatience)
	defer cancel()
	d.say("==> pulumi destroy\n")
	program, err := local.Program(ctx, d.Example, StackName)
	if err != nil {
		return err
	}
	// A run that was killed has left its lock.
	if err := program.Unlock(ctx); err != nil {
		return err
	}
	return program.Stream(ctx, d.Out, "destroy", "--yes", "--skip-preview", "--suppress-permalink=true")
}
