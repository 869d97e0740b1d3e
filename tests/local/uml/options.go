package uml

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/plan"
)

// Options are what a guest is made of.
type Options struct {
	// Ramdisks are its file system, newc archives one after the other: of
	// initramfs.Tree, or of an enclave image.
	Ramdisks []blob.Content
	// Command is the program, as the guest sees it, with its arguments; Env all of its
	// environment. It runs in a machine that is set up as an enclave's, and the guest ends
	// with it.
	Command, Env []string
	// AsInit makes the command PID 1, in a machine as a kernel leaves it. The guest ends
	// when it restarts the machine.
	AsInit bool
	// Ports are TCP ports of the guest's 127.0.0.1 which Network.Link reaches as vsock ports
	// of the same number. They are of no effect with AsInit.
	Ports []uint16
	// Output gets what the command writes. Nil means the console.
	Output io.Writer
	// MemoryMiB is the guest's memory; zero means 192.
	MemoryMiB int
}

// arguments are the kernel's. Its console is this process's standard output, and it
// has no other way to the machine than the vsock device.
func arguments(dir, socket string, memoryMiB int) []string {
	return []string{
		fmt.Sprintf("mem=%dM", cmp.Or(memoryMiB, 192)), "initrd=" + filepath.Join(dir, "initrd"), "rdinit=" + plan.InitPath,
		"con=null", "con0=null,fd:1", "quiet", "uml_dir=" + dir + "/", "umlid=uml",
		// Linux measures how fast it could be at RAID 6, which takes longer than the rest.
		"initcall_blacklist=raid6_select_algo",
		// A guest that ends or fails is not to start again.
		"noreboot", "panic=-1",
		// 19 is vsock (VIRTIO_ID_VSOCK).
		"virtio_uml.device=" + socket + ":19",
	}
}
