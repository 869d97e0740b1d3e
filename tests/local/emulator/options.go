package emulator

import (
	"cmp"
	"strconv"
	"strings"
)

// Options are how an image is started.
type Options struct {
	// Image is the path of the EIF.
	Image string
	// MemoryMiB is the machine's memory; zero means 512.
	MemoryMiB int
	// CPUs is the number of vCPUs; zero means 1.
	CPUs int
	// EnclaveID, ParentRole and ParentID are what the security module knows of the
	// parent instance: the ARN of its role becomes PCR3, its id PCR4.
	EnclaveID, ParentRole, ParentID string
	// Append follows the image's command line and is not measured; empty means
	// "reboot=t". With the usual reboot=k an enclave that ends starts a second time now
	// and then, because QEMU's machine lacks the keyboard controller that it asks.
	Append string
}

// arguments are QEMU's. It listens nowhere, and connects to the vsock device only.
func (o Options) arguments(firmware, socket string) []string {
	machine := []string{"nitro-enclave", "vsock=c"}
	for _, property := range [][2]string{{"id", o.EnclaveID}, {"parent-role", o.ParentRole}, {"parent-id", o.ParentID}} {
		if property[1] != "" {
			// A comma ends a value, unless it is doubled.
			machine = append(machine, property[0]+"="+strings.ReplaceAll(property[1], ",", ",,"))
		}
	}
	return []string{
		"-L", firmware, "-M", strings.Join(machine, ","), "-accel", "tcg", "-cpu", "max",
		"-m", strconv.Itoa(cmp.Or(o.MemoryMiB, 512)) + "M", "-smp", strconv.Itoa(cmp.Or(o.CPUs, 1)),
		"-kernel", o.Image, "-append", cmp.Or(o.Append, "reboot=t"), "-chardev", "socket,id=c,path=" + socket,
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
	}
}
