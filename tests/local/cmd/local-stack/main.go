// Command local-stack runs this repository's examples on one machine, without
// AWS: the real Pulumi engine against a real Kubernetes control plane.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/realnode"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

func main() {
	realnode.Main() // for the holder's node, which this program is a part of
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "local-stack:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

const examples = `  # everything at once: build, start, pulumi up of an example, show it
  local-stack demo

  # a stack to play with
  local-stack up
  eval "$(local-stack env)"
  kubectl get nodes
  cd examples/eks-go && pulumi stack init dev && pulumi up

  # away with it: processes and state
  local-stack down`

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "local-stack",
		Short:         "Run the examples on this machine, without AWS",
		Example:       examples,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	dir := new(string)
	root.PersistentFlags().StringVar(dir, "dir", defaultDir(), "state folder")
	root.AddCommand(
		toolsCommand(), upCommand(dir), downCommand(dir), statusCommand(dir), envCommand(dir),
		demoCommand(dir), demoDownCommand(dir), holdCommand(dir),
	)
	return root
}

// say writes to standard output; when nobody reads it, there is nothing to do.
func say(cmd *cobra.Command, format string, args ...any) {
	_, _ = fmt.Fprintf(cmd.OutOrStdout(), format, args...)
}

func defaultDir() string {
	cache, err := tools.CacheDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "local-stack")
	}
	return filepath.Join(cache, "local-stack")
}
