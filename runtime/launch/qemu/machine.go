//go:build linux

package qemu

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// maxCPUs is the machine's limit (mc->max_cpus of QEMU's microvm).
const maxCPUs = 288

// translationMiB bounds the memory for translated code. QEMU's own default is an eighth
// of the host's memory, at most 1 GiB, whatever the pod's limit is. When it is full, QEMU
// starts over, which costs time only.
const translationMiB = 256

// monitorFile is the number of the descriptor that QEMU finds its monitor's socket at:
// the first after the standard ones.
const monitorFile = 3

// arguments are QEMU's. It listens nowhere, and connects to the vsock device only. The
// console is standard output.
func (l *Launcher) arguments(firmware, device string, info launch.Info, image string) []string {
	machine := []string{"nitro-enclave", "vsock=c"}
	for _, property := range [][2]string{{"id", info.ID}, {"parent-role", l.ParentRole}, {"parent-id", l.parentID()}} {
		if property[1] != "" {
			machine = append(machine, property[0]+"="+escape(property[1]))
		}
	}
	return []string{
		"-L", firmware, "-M", strings.Join(machine, ","), "-accel", fmt.Sprintf("tcg,tb-size=%d", translationMiB), "-cpu", "max",
		"-m", strconv.Itoa(info.MemoryMiB) + "M", "-smp", strconv.Itoa(info.CPUCount),
		"-kernel", image, "-append", cmp.Or(l.Append, DefaultAppend),
		"-chardev", "socket,id=c,path=" + escape(device), "-chardev", fmt.Sprintf("socket,id=m,fd=%d", monitorFile), "-mon", "chardev=m,mode=control",
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
	}
}

// escape: a comma ends a value, unless it is doubled.
func escape(value string) string { return strings.ReplaceAll(value, ",", ",,") }
