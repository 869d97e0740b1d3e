package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	enclavekernel "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

func toolsCommand() *cobra.Command {
	only := ""
	cmd := &cobra.Command{
		Use:     "tools",
		Short:   "Build and cache what the stack and its tests are made of",
		Example: "  local-stack tools\n  local-stack tools --print kernel-x86_64",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if only != "" {
				path, err := build(cmd.Context(), cmd.ErrOrStderr(), only)
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
	cmd.Flags().StringVar(&only, "print", "", "build only this and print its path: "+
		"pulumi, kube-one, karpenter-kwok, golangci-lint, kernel-x86_64, kernel-arm64 or emulator")
	return cmd
}

// build builds one thing. The enclave kernel and the emulator need Debian; the
// programs need only Go.
func build(ctx context.Context, out io.Writer, name string) (string, error) {
	if name == "emulator" {
		programs, err := emulator.Build(ctx, out)
		return programs.QEMU, err
	}
	if arch, found := strings.CutPrefix(name, "kernel-"); found {
		result, err := kernel.Build(ctx, out, enclavekernel.Architecture(arch))
		return result.Image, err
	}
	return tools.Program(ctx, out, name)
}
