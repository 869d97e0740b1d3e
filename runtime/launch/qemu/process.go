//go:build linux

package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// command is a program to start.
type command struct {
	path string
	args []string
	// dir is its working folder, and where it makes temporary files.
	dir string
	// file is its descriptor 3, when not nil.
	file *os.File
	// console gets its standard output, when not nil.
	console io.Writer
}

// process is a program that ends with this process. What it has started ends with it.
type process struct {
	name   string
	cmd    *exec.Cmd
	stderr *output
	// done is closed when it has ended; err is valid then.
	done chan struct{}
	err  error

	mu    sync.Mutex
	ended bool
}

// openPipe bounds the wait for a pipe that somebody outside of the group holds open.
const openPipe = 5 * time.Second

// start starts the program in a process group of its own, and with nothing of this
// process's environment: there may be secrets in it.
func start(c command) (*process, error) {
	p := &process{name: filepath.Base(c.path), cmd: exec.Command(c.path, c.args...), stderr: newOutput(tailBytes), done: make(chan struct{})} //nolint:gosec,noctx // programs of the launcher, which outlive the call
	p.cmd.Dir, p.cmd.Env = c.dir, []string{"LC_ALL=C", "TMPDIR=" + c.dir}
	p.cmd.Stdout, p.cmd.Stderr = c.console, p.stderr
	if c.file != nil {
		p.cmd.ExtraFiles = []*os.File{c.file}
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = openPipe
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	return p, nil
}

// run is the life of the process. The signal at its parent's death is one at the death of
// the thread that has started it (prctl(2), PR_SET_PDEATHSIG), so that thread stays.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.awaitEnd()
	p.mu.Lock()
	p.ended = true
	_ = p.killGroup()
	p.mu.Unlock()
	p.err = p.cmd.Wait()
	close(p.done)
}

// awaitEnd waits without collecting the status: until that is done the number of the
// process, and of its group, can be nobody else's.
func (p *process) awaitEnd() {
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

func (p *process) killGroup() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// kill ends the process with its group and waits for it.
func (p *process) kill() {
	p.mu.Lock()
	if !p.ended {
		_ = p.killGroup()
	}
	p.mu.Unlock()
	<-p.done
}

// failure is nil when the process has ended with status 0. It has the last words on
// standard error.
func (p *process) failure() error {
	if p.err == nil {
		return nil
	}
	return withLines(fmt.Errorf("%s: %w", p.name, p.err), "", p.stderr)
}

// awaitFile polls for a file that the process makes when it is ready.
func (p *process) awaitFile(ctx context.Context, path string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Lstat(path); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.early()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", p.name, ctx.Err())
		case <-tick.C:
		}
	}
}

// early is the error of a process that should still run.
func (p *process) early() error {
	if err := p.failure(); err != nil {
		return fmt.Errorf("ended too early: %w", err)
	}
	return withLines(fmt.Errorf("%s ended too early, with status 0", p.name), "", p.stderr)
}
