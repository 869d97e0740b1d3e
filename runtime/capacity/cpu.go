package capacity

import "fmt"

// MaxPool returns how many CPUs can be set aside for enclaves, in whole cores.
// They come from one NUMA node, and the core of CPU 0 stays with the host. With
// several NUMA nodes, one without CPU 0 can be taken whole.
//
// Source: nitro-enclaves-allocator (configure_cpu_pool_by_cpu_count) and the
// kernel's ne_misc_dev.c, which both refuse anything else.
func (s Shape) MaxPool() int {
	if s.NUMANodes > 1 {
		return s.VCPUs / s.NUMANodes
	}
	return s.VCPUs - s.ThreadsPerCore
}

// poolLimit is the rule of MaxPool in words.
func (s Shape) poolLimit() string {
	why := "CPU 0's core stays with the host"
	if s.NUMANodes > 1 {
		why = fmt.Sprintf("they must all come from one of its %d NUMA nodes", s.NUMANodes)
	}
	return fmt.Sprintf("%s can set aside at most %d of its %d vCPUs, because %s", s.name(), s.MaxPool(), s.VCPUs, why)
}

func positiveCPUs(r Request) string {
	if r.Enclave.CPUs < 1 {
		return "must be positive, because an enclave has cores of its own"
	}
	return ""
}

func wholeCores(r Request) string {
	if t := r.Shape.ThreadsPerCore; r.Enclave.CPUs%t != 0 {
		return fmt.Sprintf("must be a multiple of %d on %s, because an enclave gets whole cores of %d threads", t, r.Shape.name(), t)
	}
	return ""
}

func oneEnclaveInPool(r Request) string {
	if r.Enclave.CPUs <= r.Shape.MaxPool() {
		return ""
	}
	return r.Shape.poolLimit()
}

func allEnclavesInPool(r Request) string {
	need := r.EnclavesPerNode * r.Enclave.CPUs
	if need <= r.Shape.MaxPool() {
		return ""
	}
	return fmt.Sprintf("%d enclaves take %d CPUs, but %s", r.EnclavesPerNode, need, r.Shape.poolLimit())
}

// cpuOptions are the CPU counts to try in place of one that is refused: the next
// whole core up, then the most that all the enclaves can have, then the most that
// one can have.
func cpuOptions(r Request) []Remedy {
	t, pool := r.Shape.ThreadsPerCore, r.Shape.MaxPool()
	wanted := min(max(r.Enclave.CPUs, 1), maxVCPUs)
	share := pool / r.EnclavesPerNode
	values := []int{wanted + (t-wanted%t)%t}
	for _, v := range []int{min(wanted, share), min(wanted, pool)} {
		values = append(values, v-v%t)
	}
	return remedies(propertyCPUs, values)
}

// biggerCPUs names instance types with room for the pool, and with as many threads
// per core, since what they need is said in vCPUs. Above the size of one NUMA node a
// number of vCPUs does not say it.
func biggerCPUs(r Request) []Remedy {
	pool := r.EnclavesPerNode * min(r.Enclave.CPUs, maxVCPUs)
	need := fmt.Sprintf("with at least %d vCPUs", pool+r.Shape.ThreadsPerCore)
	if AssumedNUMANodes(r.Shape.InstanceType, r.Shape.Architecture, pool+r.Shape.ThreadsPerCore) > 1 {
		need = fmt.Sprintf("with at least %d vCPUs on one NUMA node", pool)
	}
	return shapeOptions(r, need, func(s Shape) bool {
		return s.ThreadsPerCore == r.Shape.ThreadsPerCore && s.MaxPool() >= pool
	})
}
