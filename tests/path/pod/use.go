package pod

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// HTTP is a client of the container's ports. It keeps connections, one for each address.
func (p *Pod) HTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: p.Network.Dial, MaxIdleConnsPerHost: 1024}}
}

// Exec runs a program in the container, as its user and with its environment, as
// `kubectl exec` does. It returns what the program has written to its standard output; an
// error has the rest.
func (p *Pod) Exec(ctx context.Context, args ...string) (string, error) {
	enter := []string{
		"--target", strconv.Itoa(p.PID), "--mount", "--uts", "--ipc", "--net", "--pid",
		"--setgid", strconv.Itoa(p.spec.GID), "--setuid", strconv.Itoa(p.spec.UID), "--",
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...) //nolint:gosec // as the test says
	cmd.Env = p.spec.Env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Signal sends a signal to the first process.
func (p *Pod) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Kill ends all processes of the container at once.
func (p *Pod) Kill() { _ = p.cmd.Process.Kill() }

// Done is closed when the container has ended.
func (p *Pod) Done() <-chan struct{} { return p.done }

// Wait waits for the end and returns the first process's exit code, -1 after a signal.
func (p *Pod) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the container's end: %w", ctx.Err())
	}
}

// Close ends the container, if it has not ended, and lets its network go.
func (p *Pod) Close() error {
	p.Kill()
	<-p.done
	return p.Network.Close()
}
