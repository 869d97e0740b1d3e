package nitrocli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

func newTerminate(supervisor admin.Supervisor) *cobra.Command {
	var t target
	var all bool
	cmd := &cobra.Command{
		Use:   "terminate-enclave",
		Short: "End this pod's enclave at once",
		Long: `The enclave ends without a drain: requests that it works on are lost. Its container ends with
it, and kubelet starts the next. To stop the signer, scale or delete what made the pod.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := t.find(cmd.Context(), supervisor)
			if err != nil {
				return err
			}
			if err := supervisor.Terminate(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Successfully terminated enclave %s.\n", e.ID)
			return shape.Write(cmd.OutOrStdout(), shape.Terminated{EnclaveName: e.Name, EnclaveID: e.ID, Terminated: true})
		},
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "end whichever enclave the pod has")
	cmd.MarkFlagsOneRequired("enclave-id", "enclave-name", "all")
	cmd.MarkFlagsMutuallyExclusive("all", "enclave-id")
	cmd.MarkFlagsMutuallyExclusive("all", "enclave-name")
	return cmd
}
