package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

const attestVerifyExample = `  # Does this document come from AWS's hardware, and does that run the image I built?
  chamber attest verify document.cbor --measurements measurements.json --nonce 5f0c…

  # In the middle of a rollout: the old image or the new one
  chamber attest verify document.cbor --measurements old.json --measurements new.json

  # Any image of one signer, on instances of one role, not older than a minute
  chamber attest verify --pcr 8=70da… --pcr 3=9b3e… --max-age 1m < document.b64

  # An old document, at the time at which it was made
  chamber attest verify document.cbor --measurements measurements.json --at 2026-03-14T12:00:00Z`

const attestVerifyLong = `Verify reads an attestation document from a file or from the standard input, as raw
CBOR, in base64 or in hexadecimal digits, and checks it as AWS asks verifiers to:
its form, its signature, and its certificates up to AWS's Nitro Enclaves root, whose
fingerprint is built in. It makes no request. Then it compares the document with
what you ask for. All that is wrong is reported at once, and the exit status is 1.

Say which image the enclave must run: with --measurements, which takes what nitro-cli
and chamber eif print, or with --pcr. A register that is given more than once may have
any of the values. Without --nonce nothing shows that the document was made for you
and not for somebody else within the last three hours, which is how long its signer's
certificate lives.`

const attestShowExample = `  chamber attest show document.cbor
  chamber attest show -o json < document.b64`

const attestShowLong = `Show prints what an attestation document says, and does not verify that it is true.
Anybody can make one that says anything. It is for documents of QEMU's emulated
enclaves, which nobody signs, and for finding out why one is refused.`

func newAttestCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "attest", Short: "Verify what an enclave says of itself"}
	cmd.AddCommand(newAttestVerifyCommand(), newAttestShowCommand())
	return cmd
}

func newAttestVerifyCommand() *cobra.Command {
	var f attestFlags
	cmd := &cobra.Command{
		Use:     "verify [FILE]",
		Short:   "Say whether an attestation document is genuine and of the right image",
		Long:    attestVerifyLong,
		Example: attestVerifyExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.verify(args, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f.addPolicy(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.nonce, "nonce", "", "nonce that the enclave was given, in hexadecimal digits")
	flags.StringVar(&f.at, "at", "", "time at which to verify, such as 2026-03-14T12:00:00Z; by default now")
	f.addOutput(cmd)
	return cmd
}

func newAttestShowCommand() *cobra.Command {
	var f attestFlags
	cmd := &cobra.Command{
		Use:     "show [FILE]",
		Short:   "Print what an attestation document says, without verifying it",
		Long:    attestShowLong,
		Example: attestShowExample,
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.show(args, cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
	f.addOutput(cmd)
	return cmd
}

// attestFlags are the flags of both commands.
type attestFlags struct {
	measurements []string
	pcrs         []string
	anyImage     bool
	nonce        string
	maxAge       time.Duration
	at           string
	roots        []string
	allowDebug   bool
	output       string
}

// addPolicy adds what is asked of a document, whoever it was made for.
func (f *attestFlags) addPolicy(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.measurements, "measurements", nil, "file with the measurements of an image that may run; repeat it for others")
	flags.StringArrayVar(&f.pcrs, "pcr", nil, "value that a register may have, as INDEX=HEX; repeat it for others")
	flags.BoolVar(&f.anyImage, "any-image", false, "do not ask for an image")
	flags.DurationVar(&f.maxAge, "max-age", 0, "how old the document may be, such as 1m; 0 for no limit but its certificate's")
	flags.StringArrayVar(&f.roots, "root", nil, "PEM file with a root to trust besides AWS's, for tests and other partitions")
	flags.BoolVar(&f.allowDebug, "allow-debug", false, "accept debug mode, in which the image is not measured")
}

func (f *attestFlags) addOutput(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "output format: table or json")
}

func (f *attestFlags) checkOutput() error {
	if f.output != "table" && f.output != "json" {
		return fmt.Errorf("--output %q: use table or json", f.output)
	}
	return nil
}

func (f *attestFlags) verify(args []string, in io.Reader, out io.Writer) error {
	if err := f.checkOutput(); err != nil {
		return err
	}
	policy, err := f.policy()
	if err != nil {
		return err
	}
	raw, err := readDocument(args, in)
	if err != nil {
		return err
	}
	verified, err := attest.Verify(raw, policy)
	var violations attest.Violations
	switch {
	case errors.As(err, &violations) && f.output == "json":
		if err := writeJSON(out, attestReport{Violations: violations}); err != nil {
			return err
		}
		return errors.New("the attestation document is refused")
	case err != nil:
		return err
	}
	return writeAttest(out, f.output, verifiedReport(verified))
}

func (f *attestFlags) show(args []string, in io.Reader, out io.Writer) error {
	if err := f.checkOutput(); err != nil {
		return err
	}
	raw, err := readDocument(args, in)
	if err != nil {
		return err
	}
	document, err := attest.ParseUnverified(raw)
	if err != nil {
		return err
	}
	return writeAttest(out, f.output, unverifiedReport(document))
}
