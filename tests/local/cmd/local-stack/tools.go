package main

import (
	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

func toolsCommand() *cobra.Command {
	only := ""
	cmd := &cobra.Command{
		Use:     "tools",
		Short:   "Build and cache what the stack and its tests are made of",
		Example: "  local-stack tools\n  local-stack tools --print golangci-lint",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if only != "" {
				path, err := tools.Program(cmd.Context(), cmd.ErrOrStderr(), only)
				say(cmd, "%s\n", path)
				return err
			}
			set, err := tools.Ensure(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			// The demo does without it, the tests do not.
			karpenter, err := tools.Program(cmd.Context(), cmd.ErrOrStderr(), tools.KarpenterKwok)
			if err != nil {
				return err
			}
			for _, path := range []string{set.Pulumi, set.KubeOne, set.NodeSimulator, set.Plugins, karpenter} {
				say(cmd, "%s\n", path)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&only, "print", "", "build only this program (pulumi, kube-one, karpenter-kwok, golangci-lint) and print its path")
	return cmd
}
