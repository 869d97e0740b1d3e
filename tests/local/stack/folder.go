package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
)

const (
	// marker is a file that says that a folder is a stack's and may be removed.
	marker = ".local-stack"
	// stopPatience is how long a process may take to end by itself.
	stopPatience = 5 * time.Second
	// guestPatience is how long one of a guest's may take.
	guestPatience = 90 * time.Second
)

// GuestDir is the folder of something that runs beside a stack and ends with it: the
// processes that have their files in there are stopped first.
func GuestDir(dir, name string) string { return filepath.Join(dir, "guests", name) }

func (s *Stack) stopGuests(ctx context.Context) error {
	folders, err := filepath.Glob(GuestDir(s.Dir, "*"))
	for _, folder := range folders {
		guest := process.Dir(folder)
		for _, name := range guest.Names() {
			err = errors.Join(err, guest.Stop(ctx, name, guestPatience))
		}
	}
	return err
}

// claim makes the folder the stack's own. What a broken stack has left in it is
// stopped and removed; a folder with anything else is refused.
func (s *Stack) claim(ctx context.Context) error {
	if err := Remove(ctx, s.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.processDir(), 0o700); err != nil {
		return fmt.Errorf("creating the state folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, marker), nil, 0o600); err != nil {
		return fmt.Errorf("creating the state folder: %w", err)
	}
	return nil
}

// Stop ends all processes and removes the state folder.
func (s *Stack) Stop(ctx context.Context) error {
	err := errors.Join(
		s.stopGuests(ctx),
		process.Dir(s.processDir()).Stop(ctx, simulator, stopPatience),
		s.ControlPlane.Stop(ctx),
	)
	if err != nil {
		return fmt.Errorf("stopping the local stack: %w", err)
	}
	if err := os.RemoveAll(s.Dir); err != nil {
		return fmt.Errorf("removing the state: %w", err)
	}
	return nil
}

// Remove stops whatever runs in the folder, a whole stack or parts of one, and
// removes it. A folder that is not there is fine; one that holds something else
// is refused.
func Remove(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the state folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, marker)); err != nil {
		return fmt.Errorf("%s holds something that is not a local stack, so it is left alone", dir)
	}
	return at(dir, nil).Stop(ctx)
}
