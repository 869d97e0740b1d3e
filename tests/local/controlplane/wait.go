package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	patience = 3 * time.Minute // generous: a loaded machine is slow, not broken
	pause    = 100 * time.Millisecond
)

// wait polls until the condition holds. It gives up early when the process that
// has to bring it about has ended, and then shows the end of its log.
func (s *starting) wait(
	ctx context.Context, name, what string, condition func(context.Context) (bool, error),
) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		done, err := condition(ctx)
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if done {
			return nil
		}
		for _, started := range s.processes().Names() {
			if !s.processes().Running(started) {
				return fmt.Errorf("waiting for %s: %s has ended:\n%s", what, started, s.processes().Tail(started, 15))
			}
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
			}
			return fmt.Errorf("waiting for %s: %w; the log of %s ends:\n%s", what, ctx.Err(), name, s.processes().Tail(name, 15))
		case <-time.After(pause):
		}
	}
}
