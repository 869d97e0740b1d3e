package process

import (
	"syscall"
	"time"
)

// Child is a process that the reaper has started, the leader of a session and a
// process group of its own.
type Child struct {
	// PID is its process id.
	PID int
	// Started is when it was started.
	Started time.Time

	reaper *Reaper
	done   chan struct{}
	code   int
	kill   *time.Timer
}

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// ExitCode is its exit status, or 128 and the number of the signal that ended it. It
// is valid once Done is closed.
func (c *Child) ExitCode() int { return c.code }

// Stop sends SIGTERM to the group, and SIGKILL when the process is still there after
// the grace. It does not wait. A second Stop may shorten or lengthen the grace. Once
// the process has ended it does nothing.
func (c *Child) Stop(grace time.Duration) {
	c.reaper.mu.Lock()
	defer c.reaper.mu.Unlock()
	if c.ended() {
		return
	}
	if c.kill != nil {
		c.kill.Stop()
	}
	_ = syscall.Kill(-c.PID, syscall.SIGTERM)
	c.kill = time.AfterFunc(grace, c.killNow)
}

func (c *Child) killNow() {
	c.reaper.mu.Lock()
	defer c.reaper.mu.Unlock()
	// Under the lock nobody reaps, so that the number is still this child's.
	if !c.ended() {
		_ = syscall.Kill(-c.PID, syscall.SIGKILL)
	}
}

func (c *Child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// end is called under the reaper's lock. What the process has left behind in its
// group ends with it, as in a container: it would hold the pipes of the logs open.
func (c *Child) end(status syscall.WaitStatus) {
	if c.kill != nil {
		c.kill.Stop()
	}
	_ = syscall.Kill(-c.PID, syscall.SIGKILL)
	c.code = exitCode(status)
	close(c.done)
}
