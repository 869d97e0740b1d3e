package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
)

// Options say what to start and where.
type Options struct {
	// Dir is the state folder. It is created; it must not hold another control
	// plane that runs.
	Dir string
	// KubeOne is the path of the control plane's binary.
	KubeOne string
	// KwokModule is the folder of the kwok module. Without it kwok is not started, and
	// nobody plays a kubelet.
	KwokModule string
	// APIServerArgs are added to the apiserver's.
	APIServerArgs []string
}

// ControlPlane is one that was started by this program or another.
type ControlPlane struct {
	// Dir is the state folder.
	Dir string
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string
}

// The processes, in the order in which they start.
const (
	etcd              = "etcd"
	apiserver         = "apiserver"
	controllerManager = "controller-manager"
	scheduler         = "scheduler"
	kwok              = "kwok"
)

var order = []string{etcd, apiserver, controllerManager, scheduler, kwok}

// names are the processes of this one, in that order.
func (c *ControlPlane) names() []string {
	if _, err := os.Stat(filepath.Join(c.Dir, withoutKwok)); err == nil {
		return slices.DeleteFunc(slices.Clone(order), func(name string) bool { return name == kwok })
	}
	return order
}

// Start starts all processes and returns when pods can be created. When that
// fails, nothing is left running.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	const attempts = 3
	for i := 1; ; i++ {
		cp, err := start(ctx, opts)
		if err == nil {
			return cp, nil
		}
		if stopErr := At(opts.Dir).Stop(context.WithoutCancel(ctx)); stopErr != nil {
			return nil, errors.Join(err, stopErr)
		}
		// Ports are free when they are chosen, not when they are bound.
		if i == attempts || !strings.Contains(err.Error(), "address already in use") {
			return nil, err
		}
	}
}

func start(ctx context.Context, opts Options) (*ControlPlane, error) {
	s, err := prepare(opts)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{s.startAPI, s.startControllers, s.awaitDefaultAccount} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s.ControlPlane, nil
}

// At is the control plane in that folder, running or not.
func At(dir string) *ControlPlane {
	return &ControlPlane{Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig")}
}

func (c *ControlPlane) processes() process.Dir { return process.Dir(filepath.Join(c.Dir, "processes")) }

// Kubectl is the path of a kubectl that talks to this control plane.
func (c *ControlPlane) Kubectl() string { return filepath.Join(c.Dir, "bin", "kubectl") }

// Running says whether every process is alive.
func (c *ControlPlane) Running() bool {
	for _, name := range c.names() {
		if !c.processes().Running(name) {
			return false
		}
	}
	return true
}

// Processes returns the id of each process by its name; 0 is one that does not
// run.
func (c *ControlPlane) Processes() map[string]int {
	ids := make(map[string]int, len(order))
	for _, name := range c.names() {
		ids[name] = c.processes().PID(name)
	}
	return ids
}

// Stop ends all processes, the last started first. It leaves the folder.
func (c *ControlPlane) Stop(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Backward(c.names()) {
		// Nothing here has state that is worth waiting for.
		errs = append(errs, c.processes().Stop(ctx, name, 5*time.Second))
	}
	return errors.Join(errs...)
}

// Remove deletes the folder.
func (c *ControlPlane) Remove() error {
	if err := os.RemoveAll(c.Dir); err != nil {
		return fmt.Errorf("removing the state: %w", err)
	}
	return nil
}
