package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

const eifMeasureExample = `  # The PCRs that an enclave with this image has
  chamber eif measure signer.eif

  # In the shape of nitro-cli build-enclave
  chamber eif measure signer.eif -o json`

func newEIFMeasureCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "measure FILE",
		Short: "Compute the measurements (PCRs) of an enclave image",
		Long: `Measure computes the measurements that an enclave with this image has. It believes
nothing that the file says of itself; it does not check its signature either: see verify.`,
		Example: eifMeasureExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutputFlag(format); err != nil {
				return err
			}
			return withImage(args[0], func(im *eif.Image) error { return measure(cmd, im, format) })
		},
	}
	addOutputFlag(cmd, &format)
	return cmd
}

func measure(cmd *cobra.Command, im *eif.Image, format string) error {
	m, err := im.Measure(cmd.Context())
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(cmd.OutOrStdout(), imagebuild.BuildInfo{Measurements: m})
	}
	t := newTable(cmd.OutOrStdout())
	t.measurements(m)
	return t.Flush()
}

// withImage opens an image and names it in errors.
func withImage(path string, do func(*eif.Image) error) error {
	im, err := eif.OpenFile(path)
	if err != nil {
		return err
	}
	err = do(im)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return errors.Join(err, im.Close())
}
