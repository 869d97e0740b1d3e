// Command chamber is for people who run Containment Chamber: it answers questions
// before and after a deployment.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	if err := newCommand().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "chamber:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "chamber",
		Short: "Plan and check Containment Chamber deployments in AWS Nitro Enclaves",
		// main prints errors, once and without the usage, which buries them.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newPlanCommand(), newNodesCommand(), newAttestCommand())
	return root
}
