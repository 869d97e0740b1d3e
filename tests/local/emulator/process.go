package emulator

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program that ends with its context, and with this process should that
// die: it, and all that it has started.
type process struct {
	name   string
	cmd    *exec.Cmd
	output output
	// done is closed when it has ended; err is valid then.
	done chan struct{}
	err  error
}

func start(ctx context.Context, dir, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path), cmd: exec.CommandContext(ctx, path, args...), done: make(chan struct{})} //nolint:gosec // programs of Build
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.output, &p.output
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

func (p *process) killGroup() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// kill ends the process and waits for it.
func (p *process) kill() {
	select {
	case <-p.done: // its id may belong to somebody else by now
	default:
		_ = p.killGroup()
		<-p.done
	}
}

// failure is nil when the process has ended with status 0.
func (p *process) failure() error {
	if p.err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(p.output.String()), "\n")
	return fmt.Errorf("%s: %w\n%s", p.name, p.err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// maxOutput bounds what is kept of a guest that does not stop talking.
const maxOutput = 4 << 20

// output keeps the first megabytes of what a process writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write never fails: a full buffer must not stop the guest.
func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(data[:min(len(data), maxOutput-o.text.Len())])
	return len(data), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
