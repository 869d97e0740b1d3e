// Command chamber is for people who run Containment Chamber: it answers questions
// before and after a deployment.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the work in order, the second one the process.
	context.AfterFunc(ctx, stop)
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chamber:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "chamber",
		Short: "Plan Containment Chamber deployments in AWS Nitro Enclaves, and build their images",
		// main prints errors, once and without the usage, which buries them.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newPlanCommand(), newEIFCommand())
	return root
}
