package podlink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
)

// MaxOutput bounds what is read of a command's output, in bytes. MaxComplaint does it for
// its standard error.
const (
	MaxOutput    = 4 << 20
	MaxComplaint = 2 << 10
)

// Exec runs a command in a container and returns its standard output. A command that
// fails is an *ExitError. It ends with ctx, though the command itself may not.
func (l *Link) Exec(ctx context.Context, pod *corev1.Pod, container string, command ...string) ([]byte, error) {
	executor, err := l.executor(pod, container, command)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout, stderr := &limited{most: MaxOutput, full: func() { cancel(errTooLong) }}, &limited{most: MaxComplaint}
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: stdout, Stderr: stderr})
	var exit exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited():
		return nil, &ExitError{Code: exit.ExitStatus(), Complaint: strings.TrimSpace(stderr.kept.String())}
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	}
	return stdout.kept.Bytes(), nil
}

// ExitError is a command that has failed.
type ExitError struct {
	// Code is its exit code.
	Code int
	// Complaint is the beginning of what it wrote to its standard error.
	Complaint string
}

// Error is the complaint, or the code where there is none.
func (e *ExitError) Error() string {
	if e.Complaint == "" {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Complaint
}

func (l *Link) executor(pod *corev1.Pod, container string, command []string) (remotecommand.Executor, error) {
	url := l.url(pod, "exec", &corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true})
	newer, err := remotecommand.NewWebSocketExecutor(l.config, http.MethodGet, url.String())
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(l.config, http.MethodPost, url)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(newer, spdy, older)
}

var errTooLong = fmt.Errorf("the command writes more than %d bytes", MaxOutput)

// limited keeps the first bytes, and tells once there are more. The buffer is not
// embedded: it would read all of a stream by itself.
type limited struct {
	kept bytes.Buffer
	most int
	full func()
}

// Write never fails: the stream's end is the end of its context.
func (w *limited) Write(p []byte) (int, error) {
	room := w.most - w.kept.Len()
	if room < len(p) && w.full != nil {
		w.full()
	}
	_, _ = w.kept.Write(p[:min(room, len(p))])
	return len(p), nil
}
