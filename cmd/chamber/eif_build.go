package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

const eifBuildExample = `  # From a registry, with the credentials of docker's configuration, and our own kernel
  chamber eif build --image example.com/signer:v1.5.0 --init enclave-init --output signer.eif

  # From a folder in OCI layout or a tarball of docker save; signed, for arm64
  chamber eif build --image ./layout --arch arm64 --kernel Image --init enclave-init \
    --policy policy.json --sign-cert cert.pem --sign-key key.pem --output signer.eif

  # From a folder with the files
  chamber eif build --rootfs ./root --cmd /app/signer --cmd --config=/etc/signer.yaml \
    --env RUST_LOG=info --kernel bzImage --init enclave-init --output signer.eif`

// eifBuildFlags are the flags of the build command that are not the request's as they
// are.
type eifBuildFlags struct {
	imagebuild.Request
	arch              string
	signCert, signKey string
	format            string
	quiet             bool
	own               bool // the kernel was not named
}

func newEIFBuildCommand(version string) *cobra.Command {
	f := eifBuildFlags{Request: imagebuild.Request{ToolVersion: version}}
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build an enclave image from a container image or a folder",
		Long: `Build makes an enclave image and writes its measurements beside it: signer.eif gets
signer.measurements.json, in the shape that nitro-cli build-enclave prints.

The same inputs give the same bytes, on every machine and for every user. So the build
time in the image is the Unix epoch, unless SOURCE_DATE_EPOCH says otherwise; it is not
measured. Files of a folder belong to 0:0 and have mode 0755 when they can be executed,
else 0644, unless --keep-owners and --keep-modes say otherwise.

Nothing of the output is there before all of it is.`,
		Example: eifBuildExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.addSourceFlags(cmd)
	f.addSystemFlags(cmd)
	f.addResultFlags(cmd)
	cmd.MarkFlagsMutuallyExclusive("image", "rootfs")
	cmd.MarkFlagsOneRequired("image", "rootfs")
	cmd.MarkFlagsRequiredTogether("sign-cert", "sign-key")
	for _, name := range []string{"init", "output"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return cmd
}

func (f *eifBuildFlags) addSourceFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Image, "image", "", "container image: a reference, a tarball of docker save, or a folder in OCI layout")
	flags.StringVar(&f.RootFS, "rootfs", "", "folder with the enclave's files, instead of an image")
	flags.BoolVar(&f.KeepOwners, "keep-owners", false, "keep the owners of files in --rootfs")
	flags.BoolVar(&f.KeepModes, "keep-modes", false, "keep the permission bits of files in --rootfs")
	flags.StringArrayVar(&f.Command, "cmd", nil, "the program, then its arguments, one flag for each; replaces the image's")
	flags.StringArrayVar(&f.Env, "env", nil, "NAME=value in the environment, added to the image's")
	flags.StringVar(&f.User, "user", "", "user[:group] that runs the program; replaces the image's")
	flags.StringVar(&f.WorkingDir, "workdir", "", "folder that the program starts in; replaces the image's")
	flags.StringVar(&f.Policy, "policy", "", "JSON file that limits what the host may set in the enclave")
}

func (f *eifBuildFlags) addSystemFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.arch, "arch", string(eif.X8664), "architecture: x86_64 (amd64) or arm64 (aarch64)")
	flags.StringVar(&f.Kernel, "kernel", "", "kernel: a bzImage for x86_64, an Image for arm64; by default the one that make kernel has built last")
	flags.StringVar(&f.KernelSHA256, "kernel-sha256", "", "SHA-256 that the kernel must have")
	flags.StringVar(&f.Cmdline, "cmdline", "", "the kernel's command line, instead of our kernel's own, or AWS's with --kernel")
	flags.StringVar(&f.Init, "init", "", "the enclave's first program, statically linked")
	flags.StringVar((*string)(&f.CompressInit), "compress-init", string(imagebuild.CompressAuto),
		"compress the ramdisk with the init: xz, none, or auto for xz where the kernel is ours and known to unpack it")
	flags.StringVar(&f.NSMModule, "nsm-module", "", "nsm.ko, for kernels without the security module's driver")
}

func (f *eifBuildFlags) addResultFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Name, "name", "", "name in the image's metadata; the default is the repository's")
	flags.StringVar(&f.Version, "version", "", "version in the image's metadata; the default is the tag")
	flags.StringVar(&f.signCert, "sign-cert", "", "certificate to sign with (PEM)")
	flags.StringVar(&f.signKey, "sign-key", "", "private key of the certificate (PEM)")
	flags.StringVar(&f.Output, "output", "", "file to write")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	addOutputFlag(cmd, &f.format)
}

func (f *eifBuildFlags) run(cmd *cobra.Command) error {
	if err := checkOutputFlag(f.format); err != nil {
		return err
	}
	if err := f.complete(); err != nil {
		return err
	}
	progress := newProgress(cmd.ErrOrStderr(), f.quiet)
	f.Progress, f.Warn = progress.step, progress.warn
	result, err := imagebuild.Build(cmd.Context(), f.Request)
	progress.clear()
	if err != nil {
		return err
	}
	if f.format == "json" {
		return writeJSON(cmd.OutOrStdout(), imagebuild.BuildInfo{Measurements: result.Measurements})
	}
	t := newTable(cmd.OutOrStdout())
	t.row("image", "%s (%s)", f.Output, size(result.Size))
	if f.own {
		t.row("kernel", "%s", f.Kernel)
	}
	t.row("system", "%s of kernel and init (compression: %s)", size(result.SystemSize), result.CompressInit)
	t.row("measurements", "%s", result.MeasurementsPath)
	t.row("memory", "an enclave needs at least %d MiB", result.LeastMemoryMiB)
	t.measurements(result.Measurements)
	return t.Flush()
}

// complete fills in what is not a flag as it is.
func (f *eifBuildFlags) complete() error {
	f.Architecture = architecture(f.arch)
	if err := f.takeOwnKernel(); err != nil {
		return err
	}
	var err error
	if f.BuildTime, err = buildTime(os.LookupEnv); err != nil {
		return err
	}
	if f.signCert != "" {
		f.Signer, err = eif.LoadSigner(f.signCert, f.signKey)
	}
	return err
}

// architecture knows the names of container images and of the kernel too.
func architecture(name string) eif.Architecture {
	switch name {
	case "amd64":
		return eif.X8664
	case "aarch64":
		return eif.ARM64
	}
	return eif.Architecture(name)
}

// buildTime is that of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/),
// or zero.
func buildTime(lookup func(string) (string, bool)) (time.Time, error) {
	text, ok := lookup("SOURCE_DATE_EPOCH")
	if !ok {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	// RFC 3339 has years of four digits.
	if err != nil || seconds < 0 || time.Unix(seconds, 0).UTC().Year() > 9999 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH (%q): must be seconds since 1970; unset it for a build time of 1970", text)
	}
	return time.Unix(seconds, 0), nil
}
