package instance

import "fmt"

// pageSizes are the hugepages of the architecture in KiB, the largest first, as
// AL2023's kernels have them (4 KiB base pages). An arm64 kernel has pages of
// 64 KiB too, but nitro-cli cannot use them.
func pageSizes(shape Shape) []int {
	if shape.ARM {
		return []int{1 << 20, 32 << 10, 2 << 10}
	}
	return []int{1 << 20, 2 << 10}
}

// hugeLimitKiB is what can at most become hugepages: a NUMA node's memory less
// what the running system holds.
func hugeLimitKiB(shape Shape) int {
	const system = 512 << 10
	return usableMiB(shape)*1024/shape.NUMANodes - system
}

// split is the allocator's greedy division, largest pages first, the rest
// rounded up to the smallest.
func split(shape Shape, memoryMiB int) (map[int]int, error) {
	rest := memoryMiB * 1024
	if rest > hugeLimitKiB(shape) {
		return nil, fmt.Errorf("%d MiB in hugepages is more than a NUMA node has", memoryMiB)
	}
	pages := map[int]int{}
	sizes := pageSizes(shape)
	for _, size := range sizes {
		if n := rest / size; n > 0 {
			pages[size], rest = n, rest%size
		}
	}
	if rest > 0 {
		pages[sizes[len(sizes)-1]]++
	}
	return pages, nil
}

// usableMiB is the memory that the kernel has of what EC2 advertises.
func usableMiB(shape Shape) int { return shape.MemoryMiB * 925 / 1000 }
