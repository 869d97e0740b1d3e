//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestRequests takes the driver's request numbers apart: direction, size of the argument,
// magic number and number.
func TestRequests(t *testing.T) {
	for _, c := range []struct{ request, direction, size, number uintptr }{
		{requestCreateVM, 2, 8, 0x20},
		{requestAddVCPU, 3, 4, 0x21},
		{requestLoadInfo, 3, unsafe.Sizeof(imageLoadInfo{}), 0x22},
		{requestSetMemory, 1, unsafe.Sizeof(memoryRegion{}), 0x23},
		{requestStart, 3, unsafe.Sizeof(startInfo{}), 0x24},
	} {
		if want := c.direction<<30 | c.size<<16 | 0xAE<<8 | c.number; c.request != want {
			t.Errorf("request %#x is %#x; want %#x", c.number, c.request, want)
		}
	}
}

// TestRefusals has the header's numbers and names.
func TestRefusals(t *testing.T) {
	for number, c := range map[uint16]struct {
		refusal Refusal
		name    string
	}{
		256: {ErrVCPUUsed, "NE_ERR_VCPU_ALREADY_USED"},
		257: {ErrVCPUNotInPool, "NE_ERR_VCPU_NOT_IN_CPU_POOL"},
		258: {ErrVCPUCore, "NE_ERR_VCPU_INVALID_CPU_CORE"},
		259: {ErrRegionSize, "NE_ERR_INVALID_MEM_REGION_SIZE"},
		260: {ErrRegionAddress, "NE_ERR_INVALID_MEM_REGION_ADDR"},
		261: {ErrRegionUnaligned, "NE_ERR_UNALIGNED_MEM_REGION_ADDR"},
		262: {ErrRegionUsed, "NE_ERR_MEM_REGION_ALREADY_USED"},
		263: {ErrNotHugepage, "NE_ERR_MEM_NOT_HUGE_PAGE"},
		264: {ErrOtherNUMANode, "NE_ERR_MEM_DIFFERENT_NUMA_NODE"},
		265: {ErrMaxRegions, "NE_ERR_MEM_MAX_REGIONS"},
		266: {ErrNoMemory, "NE_ERR_NO_MEM_REGIONS_ADDED"},
		267: {ErrNoVCPUs, "NE_ERR_NO_VCPUS_ADDED"},
		268: {ErrLittleMemory, "NE_ERR_ENCLAVE_MEM_MIN_SIZE"},
		269: {ErrPartialCore, "NE_ERR_FULL_CORES_NOT_USED"},
		270: {ErrNotInitState, "NE_ERR_NOT_IN_INIT_STATE"},
		271: {ErrInvalidVCPU, "NE_ERR_INVALID_VCPU"},
		272: {ErrPoolEmpty, "NE_ERR_NO_CPUS_AVAIL_IN_POOL"},
		273: {ErrPageSize, "NE_ERR_INVALID_PAGE_SIZE"},
		274: {ErrFlag, "NE_ERR_INVALID_FLAG_VALUE"},
		275: {ErrCID, "NE_ERR_INVALID_ENCLAVE_CID"},
	} {
		err := driverError(unix.Errno(number))
		if !errors.Is(err, c.refusal) || !strings.Contains(err.Error(), fmt.Sprintf("(%s, %d)", c.name, number)) || c.refusal.Cure() == "" {
			t.Errorf("%d is %v", number, err)
		}
		wrapped := fail(StepMemory, "region 1 of 2", err)
		var refusal Refusal
		if !errors.Is(wrapped, c.refusal) || !errors.As(wrapped, &refusal) || wrapped.Cure != c.refusal.Cure() {
			t.Errorf("%d cannot be told in %v", number, wrapped)
		}
	}
	for _, number := range []unix.Errno{276, 4000} {
		if err := fail(StepStart, "", driverError(number)); !strings.Contains(err.Error(), fmt.Sprintf("unknown error %d", number)) || err.Cure == "" {
			t.Errorf("%v", err)
		}
	}
	if err := driverError(unix.EIO); !errors.Is(err, unix.EIO) {
		t.Errorf("5 is %v", err)
	}
	if driverError(0) != nil {
		t.Error("0 is an error")
	}
}

func TestErrnoCures(t *testing.T) {
	for _, c := range []struct {
		step Step
		err  error
		says string
	}{
		{StepOpen, unix.ENOENT, "request aws.ec2.nitro/nitro_enclaves for the container"},
		{StepOpen, unix.EACCES, "supplementalGroups: 64990 on our nodes"},
		{StepOpen, unix.EPERM, "device cgroup"},
		{StepOpen, unix.ENODEV, "EnclaveOptions"},
		{StepOpen, unix.ENXIO, "EnclaveOptions"},
		{StepOpen, unix.EMFILE, "ulimit -n"},
		{StepCreate, unix.ENOTTY, "not the device of nitro_enclaves"},
		{StepCreate, unix.EINVAL, "at most 4 enclaves"},
		{StepPages, unix.ENOMEM, "a limit of hugepages-*"},
		{StepPages, unix.EFAULT, "a limit of hugepages-*"},
		{StepLoad, unix.EFAULT, "a limit of hugepages-*"},
		{StepMemory, unix.EFAULT, "a limit of hugepages-*"},
		{StepMemory, unix.ENOMEM, "out of memory"},
		{StepCPUs, unix.ENOMEM, "out of memory"},
		{StepBootLock, unix.EPERM, "seccomp profile that allows AF_VSOCK"},
		{StepBootLock, unix.EAFNOSUPPORT, "load the module vsock"},
		{StepBootLock, unix.EADDRINUSE, "vsock port 9000"},
		{StepStart, unix.EIO, "dmesg"},
		{StepStart, unix.ETIMEDOUT, "replace the node"},
		{StepStart, unix.EINVAL, "dmesg"},
		{StepStart, unix.EOWNERDEAD, "dmesg"},
		{StepStart, context.Canceled, ""},
	} {
		err := fail(c.step, "", fmt.Errorf("here: %w", c.err))
		if !errors.Is(err, c.err) || !strings.Contains(err.Cure, c.says) || (c.says == "") != (err.Cure == "") {
			t.Errorf("%v", err)
		}
	}
}

// TestErrorText is what people read.
func TestErrorText(t *testing.T) {
	err := fail(StepCPUs, "CPU 3 of 4", ErrPoolEmpty)
	want := "giving the enclave its CPUs: CPU 3 of 4: the node's CPU pool has no free CPU (NE_ERR_NO_CPUS_AVAIL_IN_POOL, 272); " + ErrPoolEmpty.Cure()
	if err.Error() != want {
		t.Errorf("%q", err.Error())
	}
}
