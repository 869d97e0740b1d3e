package instance

import (
	"fmt"
)

// Boot is what the instance looks like when kubelet starts. Whatever cannot be
// had in full is not had at all: both the allocator and our own script give back
// what they took when they fail.
func Boot(shape Shape, r Reservation, enclaveOptions bool) Machine {
	m := Machine{Shape: shape, Pages: map[int]int{}}
	if r.Mode == "" {
		return m
	}
	cpus, pages, err := reserve(shape, r)
	if !enclaveOptions {
		err = fmt.Errorf("/sys/module/nitro_enclaves is missing: EnclaveOptions are off")
	}
	if err != nil {
		m.Refused = err.Error()
		return m
	}
	m.OfflineCPUs, m.Pages = cpus, pages
	return m
}

func reserve(shape Shape, r Reservation) (cpus int, pages map[int]int, err error) {
	switch r.Mode {
	case "allocator":
		return allocate(shape, r.Allocator)
	case "direct":
		return reserveDirectly(shape, r)
	default:
		return 0, nil, fmt.Errorf("unknown reservation %q", r.Mode)
	}
}

// allocate is AWS's allocator service.
func allocate(shape Shape, file string) (int, map[int]int, error) {
	config, err := parseAllocator(file)
	if err != nil {
		return 0, nil, err
	}
	cpus := config.cpuCount
	if config.cpuPool == nil {
		err = checkCount(shape, cpus)
	} else {
		cpus, err = len(config.cpuPool), checkPool(shape, config.cpuPool)
	}
	if err != nil {
		return 0, nil, err
	}
	pages, err := split(shape, config.memoryMiB)
	return cpus, pages, err
}

// reserveDirectly is our own script: one page size, chosen by the user data.
func reserveDirectly(shape Shape, r Reservation) (int, map[int]int, error) {
	if err := checkCount(shape, r.CPUCount); err != nil {
		return 0, nil, err
	}
	wanted := r.MemoryMiB * 1024
	for _, size := range pageSizes(shape) {
		if size != r.PageKiB {
			continue
		}
		if wanted%size != 0 || wanted == 0 {
			return 0, nil, fmt.Errorf("%d MiB is not a whole number of pages of %d KiB", r.MemoryMiB, size)
		}
		if wanted > hugeLimitKiB(shape) {
			return 0, nil, fmt.Errorf("%d MiB in hugepages is more than a NUMA node has", r.MemoryMiB)
		}
		return r.CPUCount, map[int]int{size: wanted / size}, nil
	}
	return 0, nil, fmt.Errorf("the kernel has no pages of %d KiB", r.PageKiB)
}

// checkCount is the driver's rule for a number of CPUs: full cores of one NUMA
// node, and never the core of CPU 0.
func checkCount(shape Shape, count int) error {
	most := shape.VCPUs / shape.NUMANodes
	if shape.NUMANodes == 1 {
		most -= shape.ThreadsPerCore
	}
	switch {
	case count < 1:
		return fmt.Errorf("%d CPUs: nothing to set aside", count)
	case count%shape.ThreadsPerCore != 0:
		return fmt.Errorf("%d CPUs are not full cores of %d threads", count, shape.ThreadsPerCore)
	case count > most:
		return fmt.Errorf("%d CPUs: no NUMA node has more than %d beside the core of CPU 0", count, most)
	}
	return nil
}

// checkPool is the same rule for a list of CPUs. On EC2 the second threads come
// after all the first: of 8 vCPUs with two threads, 1 and 5 are one core.
func checkPool(shape Shape, pool []int) error {
	cores := shape.VCPUs / shape.ThreadsPerCore
	threads, numa := map[int]int{}, map[int]bool{}
	for _, cpu := range pool {
		core := cpu % cores
		if cpu < 0 || cpu >= shape.VCPUs || core == 0 {
			return fmt.Errorf("CPU %d does not exist or is on the core of CPU 0", cpu)
		}
		threads[core]++
		numa[core/max(1, cores/shape.NUMANodes)] = true
	}
	for core, n := range threads {
		if n != shape.ThreadsPerCore {
			return fmt.Errorf("core %d is not taken whole", core)
		}
	}
	if len(numa) != 1 {
		return fmt.Errorf("the CPUs are on %d NUMA nodes", len(numa))
	}
	return nil
}
