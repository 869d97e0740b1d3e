package realnode

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/controlplane"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
)

// inside is the node, seen from its namespaces.
type inside struct {
	dir     string
	options Options
	control *controlplane.ControlPlane
}

// run prepares the namespaces and starts everything in them. It says when the node is
// ready and then stays, as long as the first process lets it.
func run(dir string) error {
	options, err := readOptions(dir)
	if err != nil {
		return err
	}
	n := &inside{dir: dir, options: options}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, step := range []func(context.Context) error{
		n.setup, n.startContainerd, n.startControlPlane, n.importPause, n.startKubelet, n.startDevicePlugin, n.awaitReady,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Println(readyLine)
	select {}
}

func (n *inside) setup(context.Context) error {
	for _, step := range []func() error{mounts, sysctls, device, network, n.writeProfiles} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (n *inside) processes() process.Dir { return process.Dir(filepath.Join(n.dir, "processes")) }

// start starts a program with the node's own first on its path.
func (n *inside) start(name, program string, args ...string) error {
	return n.processes().Start(process.Spec{
		Name: name, Path: program, Args: args, Env: []string{"PATH=" + n.options.Programs.Dir + ":" + os.Getenv("PATH")},
	})
}

// startControlPlane starts one that reaches the kubelet by its address: nothing here
// resolves the node's name.
func (n *inside) startControlPlane(ctx context.Context) (err error) {
	n.control, err = controlplane.Start(ctx, controlplane.Options{
		Dir: filepath.Join(n.dir, "kubernetes"), KubeOne: n.options.Programs.KubeOne,
		APIServerArgs: []string{"--kubelet-preferred-address-types=InternalIP"},
	})
	return err
}
