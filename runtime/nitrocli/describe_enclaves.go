package nitrocli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

func newDescribeEnclaves(supervisor admin.Supervisor) *cobra.Command {
	var metadata bool
	cmd := &cobra.Command{
		Use:   "describe-enclaves",
		Short: "Show this pod's enclave",
		Long: `The answer has the pod's enclave alone, or none. Measurements are those of the image: in
debug mode (Flags is DEBUG_MODE) the enclave itself has zeros, here as with nitro-cli.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := supervisor.Describe(cmd.Context())
			if err != nil {
				return err
			}
			if d.Enclave == nil { // the JSON of no enclave does not say why
				fmt.Fprintln(cmd.ErrOrStderr(), errNoEnclave(d))
			}
			return shape.Write(cmd.OutOrStdout(), enclaves(d, metadata))
		},
	}
	cmd.Flags().BoolVar(&metadata, "metadata", false, "add the image's metadata, which are not measured")
	return cmd
}

// enclaves is never nil, so that no enclave is an empty array.
func enclaves(d admin.Description, metadata bool) []shape.Enclave {
	e := d.Enclave
	if e == nil {
		return []shape.Enclave{}
	}
	out := shape.Enclave{
		EnclaveName: e.Name, EnclaveID: e.ID, ProcessID: d.ProcessID, EnclaveCID: e.CID,
		NumberOfCPUs: e.CPUs, CPUIDs: append([]int{}, e.CPUIDs...), MemoryMiB: e.MemoryMiB,
		State: string(e.State), Flags: shape.FlagsNone, Measurements: e.Measurements,
	}
	if e.Debug {
		out.Flags = shape.FlagsDebug
	}
	if m := e.Metadata; m != nil {
		out.ImageName, out.ImageVersion = m.ImageName, m.ImageVersion
		if metadata {
			out.Metadata = shape.MetadataOf(*m)
		}
	}
	return []shape.Enclave{out}
}
