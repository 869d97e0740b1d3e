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
	// Helpers says that the program starts processes which go on without it. They end
	// with it then, which takes a shell.
	Helpers bool
}

// Process is a program that ends with its context, with all that it has started, and
// with this process should that die; see Spec.Helpers.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output output
	// end kills all processes.
	end  func() error
	done chan struct{}
	err  error // valid once done is closed
}

// guard runs a program, and kills it and all that it has started when the program has
// ended or descriptor 3 has, whose other end lives as long as this process. The program
// may have made itself the leader of a group, as User Mode Linux does.
const guard = `"$@" 3<&- & program=$!
(read -r _ <&3; kill -KILL $program; kill -KILL -$program; kill -KILL 0) >/dev/null 2>&1 &
exec 3<&-; wait $program`

// Start runs the program in a process group of its own, without standard input.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	p := &Process{name: filepath.Base(spec.Path), done: make(chan struct{})}
	args := append([]string{spec.Path}, spec.Args...)
	if spec.Helpers {
		args = append([]string{"/bin/sh", "-c", guard, "sh"}, args...)
	}
	p.cmd = exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // programs of this module
	p.end = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	if spec.Helpers {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer func() { _ = read.Close() }()
		p.cmd.ExtraFiles, p.end = []*os.File{read}, write.Close
	}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = spec.Dir, &p.output, &p.output
	if len(spec.Env) > 0 {
		p.cmd.Env = append(os.Environ(), spec.Env...)
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !spec.Helpers { // the guard sees to it
		p.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	p.cmd.Cancel = p.end
	p.cmd.WaitDelay = 10 * time.Second // a pipe that somebody holds open
	if err := p.start(spec.Helpers); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Process) start(guarded bool) error {
	if err := p.cmd.Start(); err != nil {
		if guarded {
			_ = p.end()
		}
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		if guarded {
			_ = p.end() // of the helpers
		}
		close(p.done)
	}()
	return nil
}

// Kill ends the process and waits for it. It may be called more than once.
func (p *Process) Kill() {
	select {
	case <-p.done: // its id may belong to somebody else by now
	default:
		_ = p.end()
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
