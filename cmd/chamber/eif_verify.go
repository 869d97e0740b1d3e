package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

const eifVerifyExample = `  # Is it in order, and does it have the measurements that were published?
  chamber eif verify signer.eif --measurements signer.measurements.json

  # Was it signed by the owner of this certificate?
  chamber eif verify signer.eif --cert cert.pem`

func newEIFVerifyCommand() *cobra.Command {
	var measurements, certificate string
	var signed bool
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify an enclave image: layout, checksum, signature and measurements",
		Long: `Verify derives everything again from the image and reports all that is wrong, with
exit status 1. A signature is checked whenever there is one; only --cert says whose it must be.`,
		Example: eifVerifyExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := eif.VerifyOptions{RequireSignature: signed}
			if err := expect(&o, measurements, certificate); err != nil {
				return err
			}
			return withImage(args[0], func(im *eif.Image) error { return verify(cmd, im, o) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&measurements, "measurements", "", "JSON file with the measurements that the image must have")
	flags.StringVar(&certificate, "cert", "", "certificate (PEM) that the image must be signed with")
	flags.BoolVar(&signed, "require-signature", false, "refuse an image that is not signed")
	return cmd
}

func expect(o *eif.VerifyOptions, measurements, certificate string) error {
	if measurements != "" {
		m, err := imagebuild.ReadMeasurements(measurements)
		if err != nil {
			return fmt.Errorf("--measurements %s: %w", measurements, err)
		}
		o.Expected = eif.Expect(m)
	}
	if certificate != "" {
		var err error
		if o.Certificate, err = os.ReadFile(certificate); err != nil {
			return err
		}
	}
	return nil
}

func verify(cmd *cobra.Command, im *eif.Image, o eif.VerifyOptions) error {
	m, broken, err := im.Examine(cmd.Context(), o)
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return broken
	}
	signature := "none"
	if im.Signed() {
		s, err := im.Signature()
		if err != nil {
			return err
		}
		signature = fmt.Sprintf("valid, by %q", s.Certificate.Subject)
	}
	t := newTable(cmd.OutOrStdout())
	t.row("layout and checksum", "in order")
	t.row("signature", "%s", signature)
	t.row("measurements", "%s", compared(o))
	t.measurements(m)
	return t.Flush()
}

func compared(o eif.VerifyOptions) string {
	if o.Expected == (eif.Expected{}) {
		return "not compared"
	}
	return "as expected"
}
