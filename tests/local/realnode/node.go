package realnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Options say what the node is like.
type Options struct {
	// Programs are those that Build has returned.
	Programs Programs
	// Slots and EnclaveCPUs are how many units of contract.ResourceEnclaves and
	// contract.ResourceEnclaveCPUs a stand-in for AWS's device plugin offers. A unit of
	// the first brings Device along.
	Slots, EnclaveCPUs int
	// HugePages is the number of pages of 2 MiB that the machine sets aside for it.
	HugePages int
	// SeccompProfiles are files below kubelet's seccomp folder, by their path in it.
	SeccompProfiles map[string][]byte
}

// Node is a node that this program has started.
type Node struct {
	// Dir is the folder with its logs (processes/*.log, kubernetes/processes/*.log).
	Dir string
	// Kubeconfig is the path of an administrator's kubeconfig that works on this
	// machine, as long as this program runs.
	Kubeconfig string

	options Options
	guard   *exec.Cmd
	stdin   io.Closer // its end is that of the node
	netns   *os.File
	forward *forwarder
}

const (
	folderPrefix = "real-node-"
	configFile   = "node.json"
	pauseArchive = "pause.tar"
	guardLog     = "guard.log"
)

// Start starts a node and returns when it is Ready and offers what the options say. It
// waits for its turn when another runs on this machine. When it fails, nothing is left.
func Start(ctx context.Context, options Options) (*Node, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	lock, err := takeLock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }() // the guard has its own
	return start(ctx, options, lock)
}

// start starts a node for a program that holds the lock.
func start(ctx context.Context, options Options, lock *os.File) (*Node, error) {
	dir, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return nil, err
	}
	n := &Node{Dir: dir, options: options}
	for _, step := range []func(context.Context) error{
		n.prepare,
		func(ctx context.Context) error { return n.startGuard(ctx, lock) },
		n.connect,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, n.Stop(context.WithoutCancel(ctx)))
		}
	}
	return n, nil
}

// Available says whether this machine may be able to run a node, before anything is built
// for it: the error is ErrUnavailable when it is not. Start finds out the rest.
func Available() error { return available(runtime.GOOS, runtime.GOARCH, os.Geteuid()) }

func available(system, architecture string, user int) error {
	if system != "linux" || architecture != "amd64" {
		return fmt.Errorf("%w: it needs Linux on x86_64, and this is %s on %s", ErrUnavailable, system, architecture)
	}
	if user != 0 {
		return fmt.Errorf("%w: it needs root, for namespaces and control groups", ErrUnavailable)
	}
	return nil
}

// prepare writes what the guard and the node's first process read.
func (n *Node) prepare(ctx context.Context) error {
	if err := os.Mkdir(filepath.Join(n.Dir, "processes"), 0o700); err != nil {
		return err
	}
	if err := writePause(ctx, n.Dir); err != nil {
		return err
	}
	data, err := json.Marshal(n.options)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.Dir, configFile), data, 0o600)
}

// Stop ends the node and removes its folder. The error says what of the machine could
// not be put back.
func (n *Node) Stop(ctx context.Context) error {
	var errs []error
	if n.forward != nil {
		errs = append(errs, n.forward.close())
	}
	if n.netns != nil {
		errs = append(errs, n.netns.Close())
	}
	if n.guard != nil {
		errs = append(errs, n.stdin.Close(), n.awaitGuard(ctx))
	}
	return errors.Join(append(errs, os.RemoveAll(n.Dir))...)
}

// awaitGuard waits until the guard has put everything back.
func (n *Node) awaitGuard(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- n.guard.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			err = fmt.Errorf("the node's guard: %w:\n%s", err, n.guardTail())
		}
		n.guard = nil
		return err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the node's end: %w", ctx.Err())
	}
}
