// Command chamber is for people who run Containment Chamber: it answers questions
// before and after a deployment.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the work in order, the second one the process.
	context.AfterFunc(ctx, stop)
	if err := newCommand(toolVersion()).ExecuteContext(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		fmt.Fprintln(os.Stderr, "chamber:", err)
		os.Exit(1)
	}
}

// newCommand takes the version of the program, which goes into images.
func newCommand(version string) *cobra.Command {
	root := &cobra.Command{
		Use:     "chamber",
		Short:   "Plan, check and build Containment Chamber deployments in AWS Nitro Enclaves",
		Version: version,
		// main prints errors, once and without the usage, which buries them.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newPlanCommand(), newNodesCommand(), newStatusCommand(), newEIFCommand(version), newImageCommand(version), newAttestCommand())
	return root
}

// toolVersion is the version that Go recorded, which is the same for the same source.
func toolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
