package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/podimage"
)

const imageBuildExample = `  # Into a registry, with the credentials of docker's configuration
  chamber image build --enclave-image signer.eif --supervisor bin/enclave-supervisor \
    --init bin/enclave-init --push example.com/containment-chamber:v1.5.0-nitro

  # For both architectures, into one file for ctr, podman or docker
  chamber image build --enclave-image x86.eif --enclave-image arm.eif \
    --supervisor x86/enclave-supervisor --supervisor arm/enclave-supervisor --archive chamber.tar`

// imageBuildFlags are the flags of the build command.
type imageBuildFlags struct {
	enclaves, supervisors, inits []string
	env                          []string
	name, version                string
	toolVersion                  string
	tag                          string
	layout, archive, folders     string
	push                         string
	format                       string
	quiet                        bool
}

func newImageBuildCommand(version string) *cobra.Command {
	f := imageBuildFlags{toolVersion: version}
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the pod's image from an enclave image and a supervisor",
		Long: `Build makes an image FROM nothing with the supervisor, its other name nitro-cli, the
enclave image, measurements.json and CA certificates. A bill of materials (CycloneDX) and
a provenance statement (SLSA) refer to it. With an enclave image for each architecture it
makes an index.

Measurements are taken from the enclave image itself, which must be in order.`,
		Example: imageBuildExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.enclaves, "enclave-image", nil, "enclave image (EIF); once for each architecture")
	flags.StringArrayVar(&f.supervisors, "supervisor", nil, "the supervisor, statically linked; once for each architecture")
	flags.StringArrayVar(&f.inits, "init", nil, "the init that the enclave image was built with, for the bill of materials")
	flags.StringArrayVar(&f.env, "env", nil, "NAME=value in the image's environment")
	flags.StringVar(&f.name, "name", "", "name in the image's labels; the default is the enclave image's")
	flags.StringVar(&f.version, "version", "", "version in the image's labels; the default is the enclave image's")
	flags.StringVar(&f.push, "push", "", "reference to push to")
	flags.StringVar(&f.layout, "layout", "", "folder to write in OCI layout")
	flags.StringVar(&f.archive, "archive", "", "file to write: the OCI layout as a tar")
	flags.StringVar(&f.folders, "folders", "", "folder to write the files of each layer to, as Dockerfile.nitro copies them")
	flags.StringVar(&f.tag, "tag", "", "reference that --layout and --archive name the image by; the default is that of --push, or name:version")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	addOutputFlag(cmd, &f.format)
	cmd.MarkFlagsOneRequired("push", "layout", "archive", "folders")
	for _, name := range []string{"enclave-image", "supervisor"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return cmd
}

func (f *imageBuildFlags) run(cmd *cobra.Command) error {
	if err := checkOutputFlag(f.format); err != nil {
		return err
	}
	requests, err := podimage.Pair(f.enclaves, f.supervisors, f.inits)
	if err != nil {
		return err
	}
	for i := range requests {
		requests[i].Env, requests[i].Name, requests[i].Version, requests[i].ToolVersion = f.env, f.name, f.version, f.toolVersion
	}
	if f.folders != "" && len(requests) > 1 {
		return errors.New("--folders takes one architecture: a Dockerfile builds one at a time")
	}
	progress := newProgress(cmd.ErrOrStderr(), f.quiet)
	defer progress.clear()
	progress.step("reading the inputs")
	set, err := podimage.BuildAll(cmd.Context(), requests...)
	if err != nil {
		return err
	}
	if err := f.write(cmd.Context(), set, progress); err != nil {
		return err
	}
	progress.clear()
	return f.report(cmd, set)
}

// write writes to all places that were named.
func (f *imageBuildFlags) write(ctx context.Context, set podimage.Set, progress progress) error {
	tag := f.reference(set)
	if f.layout != "" {
		progress.step("writing " + f.layout)
		if err := set.WriteLayout(f.layout, tag); err != nil {
			return err
		}
	}
	if f.archive != "" {
		progress.step("writing " + f.archive)
		if err := set.WriteArchive(ctx, f.archive, tag); err != nil {
			return err
		}
	}
	if f.folders != "" {
		progress.step("writing " + f.folders)
		if err := set.Images[0].Plan.WriteFolders(ctx, f.folders); err != nil {
			return err
		}
	}
	if f.push == "" {
		return nil
	}
	progress.step("pushing " + f.push)
	_, err := set.Push(ctx, f.push)
	return err
}

// reference names an image that is not pushed.
func (f *imageBuildFlags) reference(set podimage.Set) string {
	if f.tag != "" {
		return f.tag
	}
	if f.push != "" {
		return f.push
	}
	labels := set.Images[0].Plan.Config.Labels
	return labels["org.opencontainers.image.title"] + ":" + labels["org.opencontainers.image.version"]
}

// imageReport is what a script needs of a build.
type imageReport struct {
	Digest string              `json:"digest"`
	Images []imageReportOfArch `json:"images"`
}

type imageReportOfArch struct {
	Platform     string           `json:"platform"`
	Digest       string           `json:"digest"`
	Size         int64            `json:"size"`
	Measurements eif.Measurements `json:"measurements"`
}

func (f *imageBuildFlags) report(cmd *cobra.Command, set podimage.Set) error {
	digest, err := set.Digest()
	if err != nil {
		return err
	}
	r := imageReport{Digest: digest.String()}
	for _, b := range set.Images {
		digest, err := b.Image.Digest()
		if err != nil {
			return err
		}
		size, err := b.Size()
		if err != nil {
			return err
		}
		r.Images = append(r.Images, imageReportOfArch{b.Plan.Platform.String(), digest.String(), size, b.Measurements})
	}
	if f.format == "json" {
		return writeJSON(cmd.OutOrStdout(), r)
	}
	t := newTable(cmd.OutOrStdout())
	t.row("digest", "%s", r.Digest)
	for i, image := range r.Images {
		t.row(image.Platform, "%s, %s compressed: %s", image.Digest, size(image.Size), f.layers(set.Images[i]))
		t.measurements(image.Measurements)
	}
	return t.Flush()
}

func (f *imageBuildFlags) layers(b *podimage.Built) string {
	layers, err := b.Image.Layers()
	if err != nil {
		return err.Error()
	}
	var parts []string
	for i, l := range layers {
		if bytes, err := l.Size(); err == nil {
			parts = append(parts, fmt.Sprintf("%s %s", b.Plan.Layers[i].Name, size(bytes)))
		}
	}
	return strings.Join(parts, ", ")
}
