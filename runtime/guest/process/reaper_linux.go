// Package process starts the payload, waits for it, and for every process that the
// kernel hands to PID 1.
package process

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Reaper waits for all children of this process, so that none stays a zombie. While
// it runs nothing else in the process may wait for children: os/exec cannot be used.
type Reaper struct {
	mu       sync.Mutex
	children map[int]*Child
	signals  chan os.Signal
}

// NewReaper returns a reaper, which works once Run does.
func NewReaper() *Reaper {
	r := &Reaper{children: map[int]*Child{}, signals: make(chan os.Signal, 1)}
	signal.Notify(r.signals, syscall.SIGCHLD)
	return r
}

// Run reaps until the context ends.
func (r *Reaper) Run(ctx context.Context) {
	defer signal.Stop(r.signals)
	for {
		r.reap()
		select {
		case <-r.signals:
		case <-ctx.Done():
			return
		}
	}
}

// reap takes all that have ended. Signals are not counted: one stands for many.
func (r *Reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if child, ok := r.children[pid]; ok {
			delete(r.children, pid)
			child.end(status)
		}
	}
}

// exitCode is that of a shell: 128 and the signal's number.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
