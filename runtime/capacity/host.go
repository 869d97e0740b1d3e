package capacity

// MinHostMemoryMiB is what a node must keep allocatable for host pods. Every node
// runs the VPC CNI, kube-proxy, the device plugin and log and metric agents, and
// each chamber has its supervisor: with less than 1 GiB these evict each other,
// and the node is useless although its enclaves fit.
const MinHostMemoryMiB = 1024

// evictionThresholdMiB is nodeadm's evictionHard memory.available, which kubelet
// takes off the allocatable memory.
const evictionThresholdMiB = 100

// overheadMiB is what the hypervisor, firmware and kernel keep of the memory that
// EC2 advertises: 7.5 %, rounded up, which is Karpenter's default
// (vm-memory-overhead-percent).
func overheadMiB(memoryMiB int) int {
	return (memoryMiB*75 + 999) / 1000
}

// kubeReservedMemoryMiB is nodeadm's kube-reserved memory
// (getMemoryMebibytesToReserve).
func kubeReservedMemoryMiB(maxPods int) int {
	return 255 + 11*maxPods
}

// kubeReservedCPUMillis is nodeadm's kube-reserved CPU (getCPUMillicoresToReserve):
// 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the
// rest. It is computed from all vCPUs, since nodeadm-config runs before the
// allocator takes any offline. Halves are rounded up, to promise less.
func kubeReservedCPUMillis(vcpus int) int {
	halves := 0
	for cpu := 1; cpu <= vcpus; cpu++ {
		switch {
		case cpu == 1:
			halves += 120
		case cpu == 2:
			halves += 20
		case cpu <= 4:
			halves += 10
		default:
			halves += 5
		}
	}
	return (halves + 1) / 2
}

// hostMemoryMiB is kubelet's allocatable memory with that many MiB of hugepages.
func (s Shape) hostMemoryMiB(reserved int) int {
	return s.MemoryMiB - overheadMiB(s.MemoryMiB) - kubeReservedMemoryMiB(s.PodLimit()) - evictionThresholdMiB - reserved
}

// MaxReservedMiB returns how much memory can be set aside for enclaves: what the
// host can spare, and no more than one NUMA node has, because the pages must be
// where the enclaves' CPUs are. It is 0 where the host can spare nothing.
func (s Shape) MaxReservedMiB() int {
	return max(0, min(s.spareMiB(), s.numaNodeMiB()))
}

func (s Shape) spareMiB() int { return s.hostMemoryMiB(MinHostMemoryMiB) }

// numaNodeMiB takes the whole overhead off every node in proportion, since it is
// not known which of them the kernel lives in.
func (s Shape) numaNodeMiB() int {
	return (s.MemoryMiB - overheadMiB(s.MemoryMiB)) / s.NUMANodes
}
