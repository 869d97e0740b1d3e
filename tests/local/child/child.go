// Package child runs programs that end with the one that started them, such as
// emulators of a test.
package child

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Spec is a program to run.
type Spec struct {
	// Path and Args are the program and its arguments.
	Path string
	Args []string
	// Dir is its working directory.
	Dir string
	// Env is added to the environment of this process.
	Env []string
}

// Process is a program that ends with its context, and with this process should that
// die: it, and all that it has started.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output output
	done   chan struct{}
	err    error // valid once done is closed
}

// Start runs the program in a process group of its own, without standard input.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	p := &Process{
		name: filepath.Base(spec.Path), done: make(chan struct{}),
		cmd: exec.CommandContext(ctx, spec.Path, spec.Args...), //nolint:gosec // programs of this module
	}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = spec.Dir, &p.output, &p.output
	if len(spec.Env) > 0 {
		p.cmd.Env = append(os.Environ(), spec.Env...)
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Cancel = p.killGroup
	p.cmd.WaitDelay = 10 * time.Second // a pipe that somebody holds open
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *Process) killGroup() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Kill ends the process and waits for it. It may be called more than once.
func (p *Process) Kill() {
	select {
	case <-p.done: // its id may belong to somebody else by now
	default:
		_ = p.killGroup()
		<-p.done
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Output is what the process has written to standard output and standard error so far,
// of which the first 4 MiB are kept.
func (p *Process) Output() string { return p.output.String() }

// Failure says how the process has ended, once it has: nil for status 0, and otherwise
// an error with its last lines.
func (p *Process) Failure() error {
	if p.err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(p.Output()), "\n")
	return fmt.Errorf("%s: %w\n%s", p.name, p.err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// AwaitFile polls for a file that the process makes when it is ready.
func (p *Process) AwaitFile(ctx context.Context, path string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended too early: %w", p.name, p.Failure())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", p.name, ctx.Err())
		case <-tick.C:
		}
	}
}
