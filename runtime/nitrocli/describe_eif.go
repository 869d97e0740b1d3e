package nitrocli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
)

func newDescribeEIF() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "describe-eif",
		Short: "Show an enclave image",
		Long:  "The image of this pod is " + contract.EnclaveImagePath + ". It is read and measured here, without the supervisor.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			im, err := eif.OpenFile(path)
			if err != nil {
				return fmt.Errorf("--eif-path: %w", err)
			}
			defer func() { _ = im.Close() }()
			d, broken, err := shape.Describe(cmd.Context(), im)
			if err != nil {
				return err
			}
			for _, v := range broken { // nitro-cli has no place for them in its JSON
				fmt.Fprintf(cmd.ErrOrStderr(), "%q\n", v.Error())
			}
			return shape.Write(cmd.OutOrStdout(), d)
		},
	}
	cmd.Flags().StringVar(&path, "eif-path", "", "the enclave image")
	_ = cmd.MarkFlagRequired("eif-path") // fails for a flag that is not there
	return cmd
}
