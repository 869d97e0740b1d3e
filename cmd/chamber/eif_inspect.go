package main

import (
	"context"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/nitrocli/shape"
)

const eifInspectExample = `  # What is in this image, and where does it come from?
  chamber eif inspect signer.eif

  # In the shape of nitro-cli describe-eif
  chamber eif inspect signer.eif -o json`

func newEIFInspectCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show an enclave image's sections, measurements, signature and metadata",
		Long: `Inspect shows what an image says of itself and what it is. Names, versions and all other
metadata are not measured: whoever gave you the file may have written anything there.`,
		Example: eifInspectExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutputFlag(format); err != nil {
				return err
			}
			return withImage(args[0], func(im *eif.Image) error {
				d, err := describe(cmd.Context(), im)
				if err != nil {
					return err
				}
				if format == "json" {
					return writeJSON(cmd.OutOrStdout(), d)
				}
				return writeDescription(cmd.OutOrStdout(), d)
			})
		},
	}
	addOutputFlag(cmd, &format)
	return cmd
}

// describe does not fail for an image that breaks rules, but says so.
func describe(ctx context.Context, im *eif.Image) (description, error) {
	m, broken, err := im.Examine(ctx, eif.VerifyOptions{})
	if err != nil {
		return description{}, err
	}
	d := description{
		EifVersion: im.Version(), Measurements: m, IsSigned: im.Signed(),
		Architecture: im.Architecture(), Cmdline: im.Cmdline(), Size: im.Size(), LeastMemoryMiB: capacity.LeastMemoryMiB(im.Size()),
	}
	for _, s := range im.Sections() {
		d.Sections = append(d.Sections, sectionInfo{s.Type, s.Size})
	}
	d.judge(broken)
	if s, err := im.Signature(); err == nil {
		d.SigningCertificate, d.subject = shape.CertificateOf(s.Certificate), s.Certificate.Subject.String()
	}
	if meta, err := im.Metadata(); err == nil {
		d.addMetadata(meta)
	}
	return d, nil
}

func writeDescription(out io.Writer, d description) error {
	t := newTable(out)
	t.row("format", "EIF version %d, %s, %s", d.EifVersion, d.Architecture, size(d.Size))
	t.row("memory", "an enclave needs at least %d MiB", d.LeastMemoryMiB)
	for _, s := range d.Sections {
		t.row("section", "%s, %s", s.Type, size(s.Size))
	}
	t.row("cmdline", "%s", printable(d.Cmdline))
	t.measurements(d.Measurements)
	if d.Metadata != nil {
		t.metadata(d)
	}
	if c := d.SigningCertificate; c != nil {
		t.row("signed by", "%s, valid from %s to %s", printable(d.subject), c.NotBefore, c.NotAfter)
	} else {
		t.row("signed", "%t", d.IsSigned)
	}
	for _, v := range d.Violations {
		t.row("broken", "%s", printable(v))
	}
	return t.Flush()
}

func (t table) metadata(d description) {
	b := d.Metadata.BuildMetadata
	t.row("name", "%s, version %s", printable(d.ImageName), printable(d.ImageVersion))
	t.row("built", "%s, with %s %s", printable(b.BuildTime), printable(b.BuildTool), printable(b.BuildToolVersion))
	t.row("kernel", "%s %s", printable(b.OperatingSystem), printable(b.KernelVersion))
	t.value("image", d.Metadata.DockerInfo)
	t.value("custom", d.Metadata.CustomMetadata)
}

// value leaves out what is null.
func (t table) value(name string, v json.RawMessage) {
	if string(v) != "null" {
		t.row(name, "%s", printable(string(v)))
	}
}
