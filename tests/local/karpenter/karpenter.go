package karpenter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
)

// Options say what to start and where.
type Options struct {
	// Dir is the state folder: log, process id, instance types. It is created.
	Dir string
	// Binary is the path of tools.Program(ctx, out, tools.KarpenterKwok).
	Binary string
	// Kubeconfig is the administrator's, of a control plane that has the
	// definitions: see InstallCRDs.
	Kubeconfig string
	// InstanceTypes are what Karpenter can choose from. The default is the whole
	// catalogue.
	InstanceTypes []capacity.Shape
	// NodeOverlay switches the feature gate of that name on. It is off by default,
	// as in Karpenter.
	NodeOverlay bool
}

// Karpenter is one that was started by this program or another.
type Karpenter struct {
	// Dir is the state folder.
	Dir string
}

const (
	name      = "karpenter"
	patience  = 3 * time.Minute // generous: a loaded machine is slow, not broken
	pause     = 100 * time.Millisecond
	typesFile = "instance-types.json"
	readyFile = "ready"
)

// Start starts Karpenter and returns when its caches are filled. When that fails,
// nothing is left running.
func Start(ctx context.Context, opts Options) (*Karpenter, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	k := At(dir)
	if pid := k.PID(); pid != 0 {
		return nil, fmt.Errorf("a Karpenter runs already in %s (process %d)", dir, pid)
	}
	if err := k.start(ctx, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("starting Karpenter: %w", err), k.Stop(context.WithoutCancel(ctx)))
	}
	return k, nil
}

// At is the Karpenter in that folder, running or not.
func At(dir string) *Karpenter { return &Karpenter{Dir: dir} }

func (k *Karpenter) start(ctx context.Context, opts Options) error {
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		return fmt.Errorf("creating the state folder: %w", err)
	}
	if err := os.RemoveAll(k.path(readyFile)); err != nil {
		return fmt.Errorf("clearing old state: %w", err)
	}
	if err := writeInstanceTypes(k.path(typesFile), opts.InstanceTypes); err != nil {
		return err
	}
	err := k.process().Start(process.Spec{Name: name, Path: opts.Binary, Args: []string{
		"-kubeconfig", opts.Kubeconfig, "-instance-types", k.path(typesFile),
		"-ready-file", k.path(readyFile), "-node-overlay=" + strconv.FormatBool(opts.NodeOverlay),
	}})
	if err != nil {
		return err
	}
	return k.awaitReady(ctx)
}

// awaitReady waits for the file by which the program says that it works.
func (k *Karpenter) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if _, err := os.Stat(k.path(readyFile)); err == nil {
			return nil
		}
		if k.PID() == 0 {
			return fmt.Errorf("it has ended:\n%s", k.Tail(15))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for its caches: %w; its log ends:\n%s", ctx.Err(), k.Tail(15))
		case <-time.After(pause):
		}
	}
}

// Stop ends the process. It leaves the folder, and in the cluster the nodes.
func (k *Karpenter) Stop(ctx context.Context) error {
	return k.process().Stop(ctx, name, 10*time.Second)
}

// PID returns the id of the process, or 0 when it does not run.
func (k *Karpenter) PID() int { return k.process().PID(name) }

// Tail returns the last lines of the log, for an error message.
func (k *Karpenter) Tail(lines int) string { return k.process().Tail(name, lines) }

func (k *Karpenter) process() process.Dir { return process.Dir(k.Dir) }

func (k *Karpenter) path(file string) string { return filepath.Join(k.Dir, file) }
