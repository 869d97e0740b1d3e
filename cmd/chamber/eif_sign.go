package main

import (
	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

const eifSignExample = `  # A key and certificate for signing
  openssl ecparam -name secp384r1 -genkey -noout -out key.pem
  openssl req -new -x509 -key key.pem -sha384 -days 365 -subj "/CN=signer" -out cert.pem

  # Sign in place, or into another file
  chamber eif sign signer.eif --cert cert.pem --key key.pem
  chamber eif sign signer.eif --cert cert.pem --key key.pem --output signed.eif`

func newEIFSignCommand() *cobra.Command {
	var certificate, key, output, format string
	cmd := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign an enclave image, in place of the signature that it may have",
		Long: `Sign adds a signature, by which PCR8 tells the owner of the certificate. PCR0, PCR1
and PCR2 stay the same. The measurements beside the image are written anew.`,
		Example: eifSignExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutputFlag(format); err != nil {
				return err
			}
			signer, err := eif.LoadSigner(certificate, key)
			if err != nil {
				return err
			}
			if output == "" {
				output = args[0]
			}
			return withImage(args[0], func(im *eif.Image) error { return sign(cmd, im, signer, output, format) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&certificate, "cert", "", "certificate to sign with (PEM)")
	flags.StringVar(&key, "key", "", "private key of the certificate (PEM)")
	flags.StringVar(&output, "output", "", "file to write; the default is the image itself")
	addOutputFlag(cmd, &format)
	for _, name := range []string{"cert", "key"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return cmd
}

func sign(cmd *cobra.Command, im *eif.Image, signer *eif.Signer, output, format string) error {
	m, err := imagebuild.Sign(cmd.Context(), output, im, signer)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(cmd.OutOrStdout(), imagebuild.BuildInfo{Measurements: m})
	}
	t := newTable(cmd.OutOrStdout())
	t.row("image", "%s", output)
	t.row("measurements", "%s", imagebuild.MeasurementsPath(output))
	t.measurements(m)
	return t.Flush()
}
