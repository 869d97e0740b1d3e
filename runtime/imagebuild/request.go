package imagebuild

import (
	"fmt"
	"regexp"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Request is what an image is made of. Files are named by path.
type Request struct {
	// Image is a container image: a folder in OCI layout, a tarball of `docker save`,
	// or a reference in a registry. Either it or RootFS is given.
	Image string
	// RootFS is a folder with the payload's files.
	RootFS string
	// KeepOwners and KeepModes keep those attributes of RootFS; see
	// initramfs.DirectoryOptions.
	KeepOwners, KeepModes bool
	// Architecture of kernel, init and payload.
	Architecture eif.Architecture

	// Kernel is a bzImage (x86_64) or an Image (arm64).
	Kernel string
	// KernelSHA256 is the digest that the kernel must have, in hexadecimal. Empty
	// accepts any.
	KernelSHA256 string
	// Cmdline is the kernel's command line. Empty means [DefaultCmdline].
	Cmdline string
	// Init is the first program of the enclave, statically linked.
	Init string
	// NSMModule is the driver of the security module, for kernels without it. It may
	// be empty.
	NSMModule string
	// CompressInit is whether the ramdisk of init and module is compressed; empty means
	// CompressAuto.
	CompressInit Compression

	// Policy is a file of runtime/guest/policy, which limits what the host may set. It
	// may be empty.
	Policy string
	// Command replaces the image's entry point and command.
	Command []string
	// Env adds to the image's environment, as NAME=value; the same name replaces.
	Env []string
	// User and WorkingDir replace the image's.
	User, WorkingDir string

	// Name and Version go into the metadata. Empty ones come from the reference.
	Name, Version string
	// BuildTime goes into the metadata. Zero means the Unix epoch.
	BuildTime time.Time
	// ToolVersion is the version of the building program, for the metadata.
	ToolVersion string
	// Signer signs the image. Nil leaves it unsigned.
	Signer *eif.Signer

	// Output is the image's file. What is there is replaced when all has succeeded.
	Output string
	// Progress is told what is done next. Nil tells nobody.
	Progress func(step string)
	// Warn is told what a reader should know, such as file capabilities that are
	// lost. Nil tells nobody.
	Warn func(text string)
}

// cmdlineX8664 is nitro-cli's command line (aws-nitro-enclaves-cli 1.5.0,
// blobs/x86_64/cmdline). arm64 has no i8042.
const (
	cmdlineARM64 = "reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on"
	cmdlineX8664 = "reboot=k panic=30 pci=off nomodules console=ttyS0 i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd random.trust_cpu=on"
)

// DefaultCmdline is the kernel's command line unless another is given: AWS's, which
// other kernels take too.
func DefaultCmdline(a eif.Architecture) string {
	if a == eif.ARM64 {
		return cmdlineARM64
	}
	return cmdlineX8664
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// validate reports all faults that need no look into the files. Properties have the
// names of the command's flags.
func (r Request) validate() error {
	var l fault.List
	if (r.Image == "") == (r.RootFS == "") {
		l.Add("image", r.Image, "there must be an image or a rootfs, and not both", "")
	}
	if r.Architecture != eif.X8664 && r.Architecture != eif.ARM64 {
		l.Add("arch", string(r.Architecture), "is none that enclaves run on", fmt.Sprintf("use %s or %s", eif.X8664, eif.ARM64))
	}
	for _, required := range []struct{ name, value string }{{"kernel", r.Kernel}, {"init", r.Init}, {"output", r.Output}} {
		if required.value == "" {
			l.Add(required.name, nil, "is required", "")
		}
	}
	l.Join("output", checkReplaceable(r.Output))
	r.CompressInit.validate(&l)
	if r.KernelSHA256 != "" && !sha256Hex.MatchString(r.KernelSHA256) {
		l.Add("kernel-sha256", r.KernelSHA256, "must be a SHA-256 of 64 hexadecimal digits, in lower case", "")
	}
	if r.RootFS != "" && len(r.Command) == 0 {
		l.Add("cmd", nil, "is required with rootfs, since a folder does not say what to run", "")
	}
	return l.Err()
}

func (r Request) progress(format string, args ...any) {
	if r.Progress != nil {
		r.Progress(fmt.Sprintf(format, args...))
	}
}

func (r Request) warn(format string, args ...any) {
	if r.Warn != nil {
		r.Warn(fmt.Sprintf(format, args...))
	}
}
