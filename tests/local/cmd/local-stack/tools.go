package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
)

// What only tests of images and pods need, and what needs Debian.
const (
	kernelPrefix = "kernel-" // and the architecture
	emulatorName = "emulator"
	nodeName     = "node"
	umlName      = "uml"
)

func toolsCommand() *cobra.Command {
	only := ""
	cmd := &cobra.Command{
		Use:     "tools",
		Short:   "Build and cache what the stack and its tests are made of",
		Example: "  local-stack tools\n  local-stack tools --print golangci-lint\n  local-stack tools --print kernel-x86_64",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if only != "" {
				path, err := build(cmd.Context(), cmd.ErrOrStderr(), only)
				if err == nil {
					say(cmd, "%s\n", path)
				}
				return err
			}
			set, err := tools.Ensure(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			paths := []string{set.Pulumi, set.KubeOne, set.NodeSimulator, set.Plugins}
			forTests, err := buildForTests(cmd.Context(), cmd.ErrOrStderr())
			for _, path := range append(paths, forTests...) {
				say(cmd, "%s\n", path)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&only, "print", "", "build only this and print its path: pulumi, kube-one, karpenter-kwok,\n"+
		"golangci-lint, kernel-x86_64, kernel-arm64, emulator, node or uml")
	return cmd
}

// buildForTests builds what the demo does without and the tests do not. Where kernel,
// emulator, node and User Mode Linux cannot be had, the tests that need them are skipped,
// and say so.
func buildForTests(ctx context.Context, out io.Writer) ([]string, error) {
	var paths []string
	for _, name := range []string{tools.KarpenterKwok, kernelPrefix + string(capacity.X8664), emulatorName, umlName, nodeName} {
		path, err := build(ctx, out, name)
		if errors.Is(err, debian.ErrUnavailable) {
			_, _ = fmt.Fprintln(out, err)
			continue
		}
		if err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func build(ctx context.Context, out io.Writer, name string) (string, error) {
	if name == emulatorName {
		programs, err := emulator.Build(ctx, out)
		return programs.QEMU, err
	}
	if name == nodeName {
		programs, err := realnode.Build(ctx, out)
		return programs.Dir, err
	}
	if name == umlName {
		programs, err := uml.Prepare(ctx, out)
		return programs.Kernel, err
	}
	if arch, found := strings.CutPrefix(name, kernelPrefix); found {
		result, err := kernel.Build(ctx, out, capacity.Architecture(arch))
		return result.Image, err
	}
	return tools.Program(ctx, out, name)
}
