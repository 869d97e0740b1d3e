package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Pulumi runs the Pulumi CLI in a folder and returns what it prints on standard
// output. The error has everything that it printed.
func (s *Stack) Pulumi(ctx context.Context, dir string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := s.command(ctx, dir, args)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		printed := strings.TrimSpace(stdout.String() + stderr.String())
		return stdout.String(), fmt.Errorf("pulumi %s: %w\n%s", strings.Join(args, " "), err, printed)
	}
	return stdout.String(), nil
}

// Stream runs the Pulumi CLI in a folder with its output on out.
func (s *Stack) Stream(ctx context.Context, out io.Writer, dir string, args ...string) error {
	cmd := s.command(ctx, dir, args)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pulumi %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// command prepares a run that can be cancelled: the engine gets an interrupt and
// time to write its state.
func (s *Stack) command(ctx context.Context, dir string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Tools.Pulumi, append([]string{"--non-interactive", "--color", "never"}, args...)...) //nolint:gosec // ours
	cmd.Dir, cmd.Env = dir, append(s.environ(), "PWD="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C reaches it once, through Cancel
	return cmd
}
