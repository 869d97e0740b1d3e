// Package kernel holds the configuration of the kernel that enclaves boot by
// default: Debian's Linux 6.12 with what a signer in Rust or Go needs, everything
// built in, and nothing else. `make kernel` builds it; docs/kernel.md says why.
//
// The kernel is measured (PCR0 and PCR1), so a changed line here is another
// enclave to everybody who pins measurements.
package kernel

import (
	_ "embed"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// Architecture is the processor architecture that a kernel is for.
type Architecture = capacity.Architecture

// The architectures that enclaves run on.
const (
	X8664 = capacity.X8664
	ARM64 = capacity.ARM64
)

// CommandLine is the measured command line for this package's kernel, on both
// architectures. It is what nitro-cli's has for x86_64 without the parameters that
// only turn off what this kernel does not have (PCI, i8042, modules): of those the
// kernel would hand "nomodules" and "pci=off" to init.
//
//   - reboot=k ends the enclave when the init restarts it: the hypervisor answers
//     the keyboard controller's reset line. No effect on arm64, which has PSCI.
//   - panic=30 leaves time to read the console in debug mode, and then ends it too.
//   - random.trust_cpu=on lets the CPU's random numbers seed the kernel's at once;
//     the security module's follow.
const CommandLine = "reboot=k panic=30 console=ttyS0 random.trust_cpu=on"

var (
	//go:embed common.config
	common string
	//go:embed x86_64.config
	x8664 string
	//go:embed arm64.config
	arm64 string
)

// Fragment returns the lines that the configuration of an enclave kernel must
// have, in kconfig's syntax: the input of KCONFIG_ALLCONFIG with allnoconfig.
func Fragment(a Architecture) (string, error) {
	switch a {
	case X8664:
		return common + "\n" + x8664, nil
	case ARM64:
		return common + "\n" + arm64, nil
	}
	return "", fmt.Errorf("architecture %q: no kernel is configured for it; use %s or %s", a, X8664, ARM64)
}
