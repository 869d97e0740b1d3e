// Package process starts programs that outlive the one that started them, and
// finds and stops them again by a file.
//
// A process id alone is no proof: ids are reused. Each file therefore holds the
// moment the process started as well, and nothing is signalled unless both
// agree.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Dir is a folder in which every process has <name>.pid and <name>.log.
type Dir string

// Spec is a program to start.
type Spec struct {
	// Name names the files of the process.
	Name string
	// Path and Args are the program and its arguments.
	Path string
	Args []string
	// Env is added to the environment of the starter.
	Env []string
}

// Start runs the program in a session of its own, with its output in the log
// file, and returns when its pid file is written.
func (d Dir) Start(spec Spec) error {
	log, err := os.OpenFile(d.Log(spec.Name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("creating the log of %s: %w", spec.Name, err)
	}
	defer func() { _ = log.Close() }()

	// No context: the process is to live on when the starter's work is done.
	cmd := exec.Command(spec.Path, spec.Args...) //nolint:gosec,noctx // programs that this module built
	cmd.Dir, cmd.Stdout, cmd.Stderr = string(d), log, log
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	if err := d.record(spec.Name, cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	// While the starter lives it is the parent, and has to collect the status.
	go func() { _ = cmd.Wait() }()
	return nil
}

// Stop ends the process: TERM, and KILL when it has not ended after the grace
// period or the context ends. A process that is not there is fine.
func (d Dir) Stop(ctx context.Context, name string, grace time.Duration) error {
	ended, err := d.signal(ctx, name, syscall.SIGTERM, grace)
	if err == nil && !ended { // what is killed is waited for in any case
		ended, err = d.signal(context.WithoutCancel(ctx), name, syscall.SIGKILL, time.Minute)
	}
	switch {
	case err != nil:
		return fmt.Errorf("stopping %s: %w", name, err)
	case !ended:
		return fmt.Errorf("stopping %s: process %d is still there after KILL", name, d.PID(name))
	default:
		return d.forget(name)
	}
}

// signal sends a signal and says whether the process has ended.
func (d Dir) signal(ctx context.Context, name string, s syscall.Signal, wait time.Duration) (bool, error) {
	pid, ok := d.find(name)
	if !ok {
		return true, nil
	}
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return false, err
	}
	return d.gone(ctx, name, wait), nil
}

// gone polls until the process has ended, or says no when the time is over.
func (d Dir) gone(ctx context.Context, name string, limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	for d.Running(name) {
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		default:
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// Log is the path of the process's log.
func (d Dir) Log(name string) string { return filepath.Join(string(d), name+".log") }

// Tail returns the last lines of the process's log, for an error message.
func (d Dir) Tail(name string, lines int) string {
	data, err := os.ReadFile(d.Log(name))
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
