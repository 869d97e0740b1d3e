package realnode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// startGuard starts this program again, as the guard, in a mount namespace and a
// session of its own: the terminal's interrupt must not end it before it has cleaned up.
func (n *Node) startGuard(ctx context.Context, lock *os.File) error {
	log, err := os.Create(filepath.Join(n.Dir, guardLog))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	// No context: it outlives this program, for a moment.
	n.guard = exec.Command("/proc/self/exe", guardRole, n.Dir) //nolint:gosec,noctx // this program
	n.guard.Stderr, n.guard.ExtraFiles = log, []*os.File{lock}
	n.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: syscall.CLONE_NEWNS}
	if n.stdin, err = n.guard.StdinPipe(); err != nil {
		return err
	}
	stdout, err := n.guard.StdoutPipe()
	if err != nil {
		return err
	}
	if err := n.guard.Start(); err != nil {
		n.guard = nil
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w: a mount namespace is refused: %w", ErrUnavailable, err)
		}
		return err
	}
	lines := make(chan string, 4)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return n.await(ctx, lines)
}

// patience is how long a node may take to be Ready: generous, a loaded machine is slow
// and not broken.
const patience = 5 * time.Minute

// await reads what the guard says: "netns <path>", and "ready" in the end.
func (n *Node) await(ctx context.Context, lines <-chan string) error {
	limit := time.After(patience + time.Minute) // the node's own patience says more
	for {
		select {
		case line, open := <-lines:
			if !open {
				return n.failed()
			}
			if path, found := strings.CutPrefix(line, netnsLine); found {
				namespace, err := os.Open(path)
				if err != nil {
					return err
				}
				n.netns = namespace
			}
			if line == readyLine {
				return nil
			}
		case <-limit:
			return fmt.Errorf("the node is not ready after %v:\n%s", patience, n.guardTail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for the node: %w", ctx.Err())
		}
	}
}

// failed is the reason for which the guard has ended.
func (n *Node) failed() error {
	err := n.guard.Wait()
	n.guard = nil
	text := n.guardTail()
	if strings.Contains(text, ErrUnavailable.Error()) {
		return fmt.Errorf("%w: %w:\n%s", ErrUnavailable, err, text)
	}
	return fmt.Errorf("the node has not started: %w:\n%s", err, text)
}

// guardTail is what the guard and the node have complained of.
func (n *Node) guardTail() string {
	data, err := os.ReadFile(filepath.Join(n.Dir, guardLog))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
