package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// grace is how long a program may take to end after an interrupt.
const grace = 5 * time.Second

// Run builds a program where needed and runs it to its end.
func (h *host) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-h.canceled:
			cancel()
		case <-ctx.Done():
		}
	}()
	program, err := h.binary(ctx, r.GetInfo())
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	env, err := environ(r, h.engine)
	if err != nil {
		return nil, err
	}
	var last tail
	cmd := command(ctx, program, r.GetArgs()...)
	cmd.Dir, cmd.Env = r.GetPwd(), env
	cmd.Stdout, cmd.Stderr = h.stdout, io.MultiWriter(h.stderr, &last)
	return verdict(ctx, cmd.Run(), last.String()), nil
}

// verdict tells the engine how a program ended. The Go SDK exits with a status of
// its own when it has reported the error; nothing is added to that.
func verdict(ctx context.Context, err error, stderr string) *pulumirpc.RunResponse {
	if err == nil {
		return &pulumirpc.RunResponse{}
	}
	if ctx.Err() != nil {
		return &pulumirpc.RunResponse{Error: "the program was canceled"}
	}
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("starting the program: %v", err)}
	case exit.ExitCode() == constant.ExitStatusLoggedError:
		return &pulumirpc.RunResponse{Bail: true}
	case stderr == "":
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program failed: %v", err)}
	}
	return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program failed: %v; the end of its standard error:\n%s", err, stderr)}
}

// command is a command that is interrupted, with its children, when ctx ends,
// and killed when it does not heed that.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	cmd.WaitDelay = grace
	return cmd
}
