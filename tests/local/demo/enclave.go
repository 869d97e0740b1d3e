package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/enclavenode"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// enclaveStack is the name of the Pulumi stack of the chamber on the real node.
const enclaveStack = "enclave"

// enclave is the second part of the demo: a chamber that runs, on a real node.
type enclave struct {
	*Demo

	local   *stack.Stack
	state   enclavenode.State
	found   bool
	program *stack.Program
	// seen are what releases were seen to be, in their order.
	seen []Release
}

func (d *Demo) nodeDir() string { return stack.GuestDir(d.Dir, "enclave-node") }

// upEnclave runs the second part. A machine that cannot is told so, and no failure.
func (d *Demo) upEnclave(ctx context.Context, local *stack.Stack) error {
	e := &enclave{Demo: d, local: local}
	if err := d.step("starting a real node, with images built for it", func() (err error) {
		e.state, e.found, err = enclavenode.Start(ctx, d.nodeDir(), indented{d.Out})
		return err
	}); err != nil {
		return err
	}
	if e.state.Unavailable != "" {
		d.say(withoutNode, e.state.Unavailable)
		return nil
	}
	if e.found {
		d.say("    it runs already\n")
	}
	if err := d.step("building the plugin of the components", func() error { return tools.Plugin(ctx, d.Out, local.Bin()) }); err != nil {
		return err
	}
	for i, release := range e.state.Releases {
		if e.found && i == 0 {
			continue // the stack is at the second
		}
		if err := e.show(ctx, release); err != nil {
			return err
		}
	}
	if err := renderReleases(d.Out, e.seen); err != nil {
		return err
	}
	d.say(furtherNode, e.state.Kubeconfig, e.local.Tools.KubeOne, e.state.Logs, e.state.AWS)
	return nil
}

// show brings the chamber to a release and looks what runs.
func (e *enclave) show(ctx context.Context, release enclavenode.Release) error {
	begin := time.Now()
	if err := e.step("pulumi up of a chamber on that node, "+release.Tag, func() error { return e.pulumiUp(ctx, release) }); err != nil {
		return err
	}
	took := time.Since(begin)
	return e.step("asking the enclave who it is, and for a signature", func() error {
		seen, err := e.look(ctx, release)
		seen.Took = took
		e.seen = append(e.seen, seen)
		return err
	})
}

func (e *enclave) pulumiUp(ctx context.Context, release enclavenode.Release) error {
	program, err := e.openProgram(ctx)
	if err != nil {
		return err
	}
	for key, value := range map[string]string{"tag": release.Tag, "region": stack.Region, "kubeconfig": e.state.Kubeconfig} {
		if err := program.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	config, err := json.Marshal(e.state.Config)
	if err != nil {
		return err
	}
	if err := program.SetSecret(ctx, "signer", string(config)); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go e.watchPods(watching)
	return program.Stream(ctx, e.Out, "up", "--yes", "--skip-preview", "--suppress-permalink=true")
}

func (e *enclave) openProgram(ctx context.Context) (*stack.Program, error) {
	if e.program != nil {
		return e.program, nil
	}
	root, err := tools.ModuleRoot()
	if err != nil {
		return nil, err
	}
	e.program, err = e.local.Program(ctx, filepath.Join(root, "local", "demo", "enclave"), enclaveStack)
	return e.program, err
}

const withoutNode = `
No chamber is run for real here, the pods above are simulated: %s
`

const furtherNode = `
The real node has a control plane of its own beside the local stack's, with the label, the taint and the resources of
an enclave node. The enclave runs in QEMU, which protects nothing; AWS, DNS and EKS's webhook for IAM roles are stand-ins.
  kubeconfig     %s
  kubectl        %s kubectl --kubeconfig <the above> get pods -A
  logs           %s
  calls to AWS   http://%s
`

// indented writes lines as those of a step.
type indented struct {
	out interface{ Write([]byte) (int, error) }
}

func (i indented) Write(p []byte) (int, error) {
	for line := range lines(p) {
		if _, err := fmt.Fprintf(i.out, "    %s\n", line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
