package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/demo"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/enclavenode"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
)

func demoCommand(dir *string) *cobra.Command {
	example := new(string)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run an example on the stack and show what it made",
		Long: "Run an example on the stack and show what it made, then a chamber with an enclave on a real node.\n" +
			"DEMO_ENCLAVE=0 in the environment leaves the second part out.",
		Example: "  local-stack demo\n  local-stack demo --example examples/existing-cluster-go",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := newDemo(cmd, *dir, *example)
			if err != nil {
				return err
			}
			return d.Up(cmd.Context())
		},
	}
	exampleFlag(cmd, example)
	return cmd
}

func demoDownCommand(dir *string) *cobra.Command {
	example := new(string)
	cmd := &cobra.Command{
		Use:     "demo-down",
		Short:   "Destroy the demo, stop the stack and remove its state",
		Example: "  local-stack demo-down",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := newDemo(cmd, *dir, *example)
			if err != nil {
				return err
			}
			return d.Down(cmd.Context())
		},
	}
	exampleFlag(cmd, example)
	return cmd
}

func exampleFlag(cmd *cobra.Command, example *string) {
	cmd.Flags().StringVar(example, "example", "", "folder of the Pulumi program (default examples/existing-cluster-go)")
}

func newDemo(cmd *cobra.Command, dir, example string) (*demo.Demo, error) {
	if example == "" {
		var err error
		if example, err = demo.ExampleDir(); err != nil {
			return nil, err
		}
	}
	return &demo.Demo{Dir: dir, Example: example, Out: cmd.OutOrStdout(), WithoutEnclave: os.Getenv("DEMO_ENCLAVE") == "0"}, nil
}

// holdCommand is the process behind the demo's real node.
func holdCommand(dir *string) *cobra.Command {
	checkout := new(string)
	cmd := &cobra.Command{
		Use:    enclavenode.HoldCommand,
		Short:  "Keep a real node until told to end",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return enclavenode.Hold(cmd.Context(), *dir, *checkout, stack.Region, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(checkout, enclavenode.FlagCheckout, "", "folder of the repository's tests")
	return cmd
}
