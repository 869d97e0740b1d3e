package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Options say what to start.
type Options struct {
	// Dir is the state folder. Stacks in different folders do not meet.
	Dir string
	// Tools are the programs, from tools.Ensure.
	Tools *tools.Set
	// Cluster is the name of the EKS cluster that exists from the start. The
	// default is "demo".
	Cluster string
}

// Stack is a local stack that was started by this program or another.
type Stack struct {
	// Dir is the state folder.
	Dir string
	// Tools are the programs that it was started with.
	Tools *tools.Set
	// ControlPlane is its Kubernetes.
	ControlPlane *controlplane.ControlPlane
}

const (
	simulator = "node-simulator"
	stackFile = "stack.json"
)

// ErrNone is a folder in which no stack runs.
var ErrNone = errors.New("no local stack runs")

// Start starts a stack and returns when pods can be created on it. When that
// fails, nothing is left running.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	if running, err := Open(dir); err == nil {
		return nil, fmt.Errorf("a local stack runs already in %s", running.Dir)
	}
	s := at(dir, opts.Tools)
	if err := s.claim(ctx); err != nil {
		return nil, err
	}
	if err := s.start(ctx, opts.Cluster); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the local stack: %w", err), s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func at(dir string, set *tools.Set) *Stack {
	return &Stack{Dir: dir, Tools: set, ControlPlane: controlplane.At(filepath.Join(dir, "kubernetes"))}
}

// Open finds the stack that runs in the folder. The error is ErrNone when there
// is none. When only parts of one run, the stack is returned beside the error.
func Open(dir string) (*Stack, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, stackFile))
	if err != nil {
		return nil, fmt.Errorf("%w in %s", ErrNone, dir)
	}
	set := new(tools.Set)
	if err := json.Unmarshal(data, set); err != nil {
		return nil, fmt.Errorf("reading %s: %w", stackFile, err)
	}
	s := at(dir, set)
	if !s.Running() {
		return s, fmt.Errorf("%w in %s: some of its processes have ended", ErrNone, dir)
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, cluster string) error {
	_, err := controlplane.Start(ctx, controlplane.Options{
		Dir: s.ControlPlane.Dir, KubeOne: s.Tools.KubeOne, KwokModule: s.Tools.KwokModule,
	})
	if err != nil {
		return err
	}
	if err := s.prepare(cluster); err != nil {
		return err
	}
	return process.Dir(s.processDir()).Start(process.Spec{
		Name: simulator, Path: s.Tools.NodeSimulator,
		Args: []string{"-account", s.Account(), "-kubeconfig", s.Kubeconfig()},
	})
}

// Running says whether all processes are alive.
func (s *Stack) Running() bool {
	return s.ControlPlane.Running() && process.Dir(s.processDir()).Running(simulator)
}

// Processes returns the id of each process by its name; 0 is one that has ended.
func (s *Stack) Processes() map[string]int {
	ids := s.ControlPlane.Processes()
	ids[simulator] = process.Dir(s.processDir()).PID(simulator)
	return ids
}

func (s *Stack) processDir() string { return filepath.Join(s.Dir, "processes") }

// Kubeconfig is the path of the administrator's kubeconfig.
func (s *Stack) Kubeconfig() string { return s.ControlPlane.Kubeconfig }
