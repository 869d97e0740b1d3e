package capacity

import (
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Plan is an accepted request and everything that follows from it. CPUs are
// hardware threads, memory is in MiB.
type Plan struct {
	// Request is the request with its choices made: Reservation is never empty,
	// and neither is PageSize with Direct.
	Request Request
	// Slots is how many enclaves fit: the least of EC2's limit, what the CPU pool
	// holds and what the pages hold. In a plan of New it is EnclavesPerNode.
	Slots int
	// CPUPool is how many CPUs are set aside. They are offline on the node.
	CPUPool int
	// ReservedMiB is the memory of all NodePages: allocator.yaml's memory_mib.
	ReservedMiB int
	// NodePages and EnclavePages are largest size first.
	NodePages, EnclavePages []Pages
	// HostCPUs is how many CPUs stay online.
	HostCPUs int
	// HostCPUMillis is what host pods can be given: the CPUs that stay online,
	// less the kube-reserved of all vCPUs.
	HostCPUMillis int
	// HostMemoryMiB is what host pods can be given: memory less 7.5 % overhead,
	// kube-reserved, the eviction threshold and all hugepages. It errs on the low
	// side, since real overhead is smaller.
	HostMemoryMiB int
}

// New plans a node. Its error is a fault.List of everything that is wrong with the
// request.
func New(r Request) (Plan, error) {
	var list fault.List
	for _, f := range Diagnose(r) {
		list = append(list, f.Fault)
	}
	if err := list.Err(); err != nil {
		return Plan{}, err
	}
	return plan(r.withDefaults()), nil
}

func plan(r Request) Plan {
	if r.Reservation == Direct {
		r.PageSize = r.pageSize()
	}
	p := Plan{Request: r, CPUPool: r.EnclavesPerNode * r.Enclave.CPUs}
	p.NodePages, p.EnclavePages = r.pages()
	for _, pages := range p.NodePages {
		p.ReservedMiB += pages.MiB()
	}
	p.Slots = p.slots()
	p.HostCPUs = r.Shape.VCPUs - p.CPUPool
	p.HostCPUMillis = 1000*p.HostCPUs - kubeReservedCPUMillis(r.Shape.VCPUs)
	p.HostMemoryMiB = r.Shape.hostMemoryMiB(p.ReservedMiB)
	return p
}

func (p Plan) slots() int {
	slots := min(contract.MaxEnclavesPerNode, p.CPUPool/p.Request.Enclave.CPUs)
	for i, enclave := range p.EnclavePages {
		slots = min(slots, p.NodePages[i].Count/enclave.Count)
	}
	return slots
}

// MaxEnclaves returns the largest EnclavesPerNode that New accepts, or 0 when it
// accepts none. Every smaller number is accepted too.
func MaxEnclaves(s Shape, e Enclave, reservation Reservation, size PageSize) int {
	r := Request{Shape: s, Enclave: e, Reservation: reservation, PageSize: size}
	for n := contract.MaxEnclavesPerNode; n > 0; n-- {
		r.EnclavesPerNode = n
		if accepted(r) {
			return n
		}
	}
	return 0
}
