package demo

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// StackName is the name of the demo's Pulumi stack.
const StackName = "demo"

// Demo runs one example on one local stack.
type Demo struct {
	// Dir is the local stack's state folder.
	Dir string
	// Example is the folder of the Pulumi program.
	Example string
	// WithoutEnclave leaves out the real node and the enclave on it.
	WithoutEnclave bool
	// Out gets everything that is printed.
	Out io.Writer
}

// ExampleDir is the program that the demo runs unless told otherwise.
func ExampleDir() (string, error) {
	root, err := tools.ModuleRoot()
	return filepath.Join(filepath.Dir(root), "examples", "existing-cluster-go"), err
}

// Up runs all steps. On a stack that is up it changes nothing.
func (d *Demo) Up(ctx context.Context) error {
	var (
		set     *tools.Set
		local   *stack.Stack
		program *stack.Program
	)
	steps := []struct {
		what string
		do   func() error
	}{
		{"building what is missing", func() (err error) { set, err = tools.Ensure(ctx, d.Out); return err }},
		{"compiling the components", func() error { return tools.Components(ctx, d.Out) }},
		{"starting the local stack", func() (err error) { local, err = d.start(ctx, set); return err }},
		{"pulumi up of " + filepath.Base(d.Example), func() (err error) { program, err = d.pulumiUp(ctx, local); return err }},
		{"waiting for the chamber's pods", func() error { return d.awaitPods(ctx, local) }},
	}
	for _, step := range steps {
		if err := d.step(step.what, step.do); err != nil {
			return err
		}
	}
	if err := d.show(ctx, local, program); err != nil || d.WithoutEnclave {
		return err
	}
	return d.upEnclave(ctx, local)
}

// step says what is done, and how long it took.
func (d *Demo) step(what string, do func() error) error {
	d.say("==> %s\n", what)
	begin := time.Now()
	if err := do(); err != nil {
		return err
	}
	d.say("    %.1f s\n", time.Since(begin).Seconds())
	return nil
}

func (d *Demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.Out, format, args...) }

// start finds the stack or starts it.
func (d *Demo) start(ctx context.Context, set *tools.Set) (*stack.Stack, error) {
	if local, err := stack.Open(d.Dir); err == nil {
		d.say("    it runs already\n")
		return local, nil
	}
	return stack.Start(ctx, stack.Options{Dir: d.Dir, Tools: set})
}

func (d *Demo) pulumiUp(ctx context.Context, local *stack.Stack) (*stack.Program, error) {
	program, err := local.Program(ctx, d.Example, StackName)
	if err != nil {
		return nil, err
	}
	if err := program.SetConfig(ctx, "clusterName", stack.DefaultCluster); err != nil {
		return nil, err
	}
	return program, program.Stream(ctx, d.Out, "up", "--yes", "--skip-preview", "--suppress-permalink=true")
}

func (d *Demo) show(ctx context.Context, local *stack.Stack, program *stack.Program) error {
	client, err := local.ControlPlane.Client()
	if err != nil {
		return err
	}
	outputs, err := program.Outputs(ctx)
	if err != nil {
		return err
	}
	report, err := Gather(ctx, client, outputs)
	if err != nil {
		return err
	}
	if err := Render(d.Out, report); err != nil {
		return err
	}
	d.say(further, local.Kubeconfig(), local.ControlPlane.Kubectl(), d.Dir, program.Folder())
	return nil
}

const further = `
To look further:
  kubeconfig     %s
  kubectl        %s get pods -A -o wide
  stack outputs  eval "$(cd tests && go run ./local/cmd/local-stack env --dir %s)"
                 pulumi stack output --cwd %s --stack ` + StackName + `
  remove it all  make demo-down
`
