//go:build linux

package nitro

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// pageLimit is the way out of hugepages that are not to be had.
const pageLimit = "give the container a limit of " + contract.ResourceHugepagesPrefix + "* that is the enclave's memory, " +
	"in a page size that the node has reserved (memory_mib of the allocator, or the direct mode's pages)"

// seccompCure is the way out of a profile that refuses AF_VSOCK, as containerd's default
// one does (contrib/seccomp/seccomp_default.go).
const seccompCure = "give the pod a seccomp profile that allows AF_VSOCK (our user data installs one for Localhost); " +
	"RuntimeDefault does not"

// slots is the way out of a device that the container has not got.
const slots = "request " + contract.ResourceEnclaves + " for the container, and see that the device plugin runs on the node"

// cures are the ways out of Linux's errors, the first that fits: by step and errno, then
// of a step whatever the errno, then of an errno whatever the step.
var cures = []struct {
	step  Step
	errno unix.Errno
	text  string
}{
	{StepOpen, unix.ENOENT, slots + "; on the node itself, enable EnclaveOptions of the instance and load the module nitro_enclaves"},
	{StepOpen, unix.EACCES, deviceGroupCure()},
	{StepOpen, unix.EPERM, "the container's device cgroup does not have it: " + slots},
	{StepOpen, unix.ENODEV, "enable EnclaveOptions of the instance: its driver has no device"},
	{StepOpen, unix.ENXIO, "enable EnclaveOptions of the instance: its driver has no device"},
	{StepCreate, unix.ENOTTY, "the file is not the device of nitro_enclaves"},
	{StepCreate, 0, "an instance runs at most 4 enclaves: count those of the node, and look into its dmesg for lines of nitro_enclaves"},
	{StepPages, unix.ENOMEM, pageLimit},
	{StepPages, unix.EFAULT, pageLimit},
	{StepPages, unix.EINVAL, "the kernel has no such page size: " + pageLimit},
	{StepPages, unix.EPERM, pageLimit},
	{StepLoad, unix.EFAULT, pageLimit},
	{StepMemory, unix.EFAULT, pageLimit},
	{StepMemory, unix.ENOMEM, "the node's kernel is out of memory: give host pods fewer, or the node more"},
	{StepBootLock, unix.EADDRINUSE, "see which chamber of the node does not come up, or whether a program there listens on vsock port 9000"},
	{StepBootLock, unix.EPERM, seccompCure},
	{StepBootLock, unix.EACCES, seccompCure},
	{StepBootLock, unix.EAFNOSUPPORT, "the node's kernel has no AF_VSOCK: load the module vsock"},
	{"", unix.EIO, "the driver serves only the process that created the enclave, or the hypervisor failed: look into the node's dmesg"},
	{"", unix.ETIMEDOUT, "the hypervisor did not answer the driver: look into the node's dmesg; if it persists, replace the node"},
	{"", unix.EINVAL, "the hypervisor or the driver refused the request: look into the node's dmesg for lines of nitro_enclaves"},
	{"", unix.ENOMEM, "the node's kernel is out of memory: give host pods fewer, or the node more"},
	{"", unix.EMFILE, "the process has too many open files: raise its limit (ulimit -n)"},
	{"", unix.EPERM, "look for a seccomp profile or a security module that refuses the call"},
}

// deviceGroupCure names the group of our nodes, and how to find another's.
func deviceGroupCure() string {
	return fmt.Sprintf("name the group of /dev/nitro_enclaves in the pod's supplementalGroups: %d on our nodes; on others see `stat -c %%g`, for AWS's package picks a number", contract.DeviceGroupID)
}
