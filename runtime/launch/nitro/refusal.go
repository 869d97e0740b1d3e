//go:build linux

package nitro

import "fmt"

// Refusal is an error of the driver's own (NE_ERR_* of
// include/uapi/linux/nitro_enclaves.h). It comes where an errno is expected, with a number
// above all of them, so Linux has no words for it.
type Refusal uint16

// The driver's errors. Their order is the header's.
const (
	ErrVCPUUsed Refusal = firstRefusal + iota
	ErrVCPUNotInPool
	ErrVCPUCore
	ErrRegionSize
	ErrRegionAddress
	ErrRegionUnaligned
	ErrRegionUsed
	ErrNotHugepage
	ErrOtherNUMANode
	ErrMaxRegions
	ErrNoMemory
	ErrNoVCPUs
	ErrLittleMemory
	ErrPartialCore
	ErrNotInitState
	ErrInvalidVCPU
	ErrPoolEmpty
	ErrPageSize
	ErrFlag
	ErrCID
)

const firstRefusal = 256

// ours is the cure of what no setting of a node or a pod can cause.
const ours = "this should not happen; please report it with the node's dmesg"

// refusals are the names, meanings and ways out.
var refusals = [...]struct{ name, meaning, cure string }{
	{"NE_ERR_VCPU_ALREADY_USED", "the CPU is in this enclave already", ours},
	{"NE_ERR_VCPU_NOT_IN_CPU_POOL", "the CPU is not in the node's CPU pool", "the pool was changed during the launch: do not restart nitro-enclaves-allocator on a node with chambers"},
	{"NE_ERR_VCPU_INVALID_CPU_CORE", "the CPU's core is not in the node's CPU pool", "the pool was changed during the launch: do not restart nitro-enclaves-allocator on a node with chambers"},
	{"NE_ERR_INVALID_MEM_REGION_SIZE", "a memory region is no multiple of 2 MiB", ours},
	{"NE_ERR_INVALID_MEM_REGION_ADDR", "a memory region is outside of the process's memory", ours},
	{"NE_ERR_UNALIGNED_MEM_REGION_ADDR", "a memory region does not begin at a multiple of 2 MiB", ours},
	{"NE_ERR_MEM_REGION_ALREADY_USED", "a memory region is in this enclave already", ours},
	{"NE_ERR_MEM_NOT_HUGE_PAGE", "a memory region does not consist of hugepages", ours},
	{"NE_ERR_MEM_DIFFERENT_NUMA_NODE", "a hugepage is of another NUMA node than the CPU pool", "reserve hugepages on the pool's NUMA node only, as the allocator does, and not by vm.nr_hugepages, which spreads them"},
	{"NE_ERR_MEM_MAX_REGIONS", "the memory has more pieces than an enclave may have", "use larger hugepages: 1Gi in place of 2Mi, by a node memory (memory_mib of the allocator, or the page size of the direct mode) in whole GiB"},
	{"NE_ERR_NO_MEM_REGIONS_ADDED", "the enclave has no memory", "ask for at least 64 MiB"},
	{"NE_ERR_NO_VCPUS_ADDED", "the enclave has no CPUs", "ask for at least one core"},
	{"NE_ERR_ENCLAVE_MEM_MIN_SIZE", "the enclave has less than 64 MiB of memory", "ask for at least 64 MiB"},
	{"NE_ERR_FULL_CORES_NOT_USED", "the enclave's CPUs are not whole cores", "ask for an even number of CPUs where a core has two threads"},
	{"NE_ERR_NOT_IN_INIT_STATE", "the enclave was started already", ours},
	{"NE_ERR_INVALID_VCPU", "there is no such CPU", ours},
	{"NE_ERR_NO_CPUS_AVAIL_IN_POOL", "the node's CPU pool has no free CPU", "set aside more CPUs (cpu_count in /etc/nitro_enclaves/allocator.yaml, or the direct mode's pool), or run fewer enclaves on the node: count those that nitro-cli started there, too"},
	{"NE_ERR_INVALID_PAGE_SIZE", "a hugepage is no multiple of 2 MiB", "reserve hugepages of 2 MiB, 32 MiB or 1 GiB; those of 64 KiB do not serve enclaves"},
	{"NE_ERR_INVALID_FLAG_VALUE", "the driver does not know a flag", ours},
	{"NE_ERR_INVALID_ENCLAVE_CID", "the CID is not for enclaves", ours},
}

// known tells whether the driver's header has the error.
func (r Refusal) known() bool {
	return r >= firstRefusal && int(r)-firstRefusal < len(refusals)
}

// Error says what the driver refuses, with the name in its header.
func (r Refusal) Error() string {
	if !r.known() {
		return fmt.Sprintf("unknown error %d of the driver", uint16(r))
	}
	e := refusals[r-firstRefusal]
	return fmt.Sprintf("%s (%s, %d)", e.meaning, e.name, uint16(r))
}

// Cure says what to change, and where.
func (r Refusal) Cure() string {
	if !r.known() {
		return "look it up in include/uapi/linux/nitro_enclaves.h of the node's kernel, and in its dmesg"
	}
	return refusals[r-firstRefusal].cure
}
