package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

func (p program) describeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   contract.CommandDescribe,
		Short: "Print the running supervisor's state and its enclave as JSON",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := interruptible()
			defer stop()
			description, err := p.admin().Describe(ctx)
			if err != nil {
				return err
			}
			encoder := json.NewEncoder(p.stdout)
			encoder.SetIndent("", "  ")
			return encoder.Encode(description)
		},
	}
}

// asked are the flags of attest, in hexadecimal digits.
type asked struct{ nonce, userData, publicKey string }

func (p program) attestCommand() *cobra.Command {
	var f asked
	cmd := &cobra.Command{
		Use:   contract.CommandAttest,
		Short: "Print an attestation document of the running enclave, in base64",
		Long: `Print an attestation document of the running enclave, in base64. It is not verified here, and whoever runs here
could print another one: verify it elsewhere, with the nonce, by chamber attest verify.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			request, err := f.request()
			if err != nil {
				return err
			}
			ctx, stop := interruptible()
			defer stop()
			document, err := p.admin().Attest(ctx, request)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, base64.StdEncoding.EncodeToString(document))
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.nonce, "nonce", "", "16 random bytes or more in hexadecimal digits, which show that the document is new; required")
	flags.StringVar(&f.userData, "user-data", "", "user data for the document, in hexadecimal digits")
	flags.StringVar(&f.publicKey, "public-key", "", "public key for the document, in hexadecimal digits")
	return cmd
}

func (f asked) request() (control.Attestation, error) {
	var a control.Attestation
	for _, flag := range []struct {
		name, text string
		into       *[]byte
	}{{"nonce", f.nonce, &a.Nonce}, {"user-data", f.userData, &a.UserData}, {"public-key", f.publicKey, &a.PublicKey}} {
		value, err := hex.DecodeString(flag.text)
		if err != nil {
			return a, fmt.Errorf("--%s: write it in hexadecimal digits: %w", flag.name, err)
		}
		*flag.into = value
	}
	if len(a.Nonce) == 0 {
		return a, errors.New("--nonce: is required: without it nothing shows that the document is new; use 16 random bytes or more")
	}
	return a, nil
}
