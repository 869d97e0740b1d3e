package tools

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Command is a program that takes minutes, such as make.
type Command struct {
	// Dir is where it runs. Env is all of its environment, so that a variable of the
	// user's cannot change what is built.
	Dir string
	Env []string
	// Args are the program and its arguments.
	Args []string
	// Log is the file that gets all that it writes.
	Log string
	// Steps counts what has been done from a line of output, such as ninja's "[3/9]".
	// Without it only the time is said.
	Steps func(line string, before int64) int64
}

// Watch runs the command at low priority and says every 15 s how far it is. Its end,
// by itself or by the context, is that of all the processes that it has started. The
// last lines of its output are in the error.
func Watch(ctx context.Context, say Say, c Command) error {
	log, err := os.Create(c.Log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()
	cmd := group(ctx, c)
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		_ = write.Close()
		return err
	}
	_ = write.Close()
	last, err := c.follow(say, io.TeeReader(read, log), cmd)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w:\n%s", strings.Join(c.Args[:min(2, len(c.Args))], " "), err, strings.Join(last, "\n"))
	}
	return nil
}

// group prepares the command as the leader of a process group that ends with it.
func group(ctx context.Context, c Command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nice", c.Args...) //nolint:gosec // arguments of this module
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// follow counts steps until the output ends, and returns its last lines.
func (c Command) follow(say Say, output io.Reader, cmd *exec.Cmd) ([]string, error) {
	var done atomic.Int64
	begin := time.Now()
	stop := report(func() {
		say("  %d s: %s%s", int(time.Since(begin).Seconds()), filepath.Base(c.Args[0]), c.progress(done.Load()))
	})
	defer stop()
	var last []string
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if c.Steps != nil {
			done.Store(c.Steps(lines.Text(), done.Load()))
		}
		last = append(last, lines.Text())
		last = last[max(0, len(last)-20):]
	}
	return last, cmd.Wait()
}

func (c Command) progress(done int64) string {
	if c.Steps == nil {
		return " is at work"
	}
	return fmt.Sprintf(" has done %d steps", done)
}
