//go:build linux

package nitro

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// supply is what there is of one page size.
type supply struct {
	size capacity.PageSize
	// free are the pages that nobody has and nobody was promised.
	free int
	// allowed are the pages that the container's cgroup still allows, or -1 without
	// a limit that can be read.
	allowed int
}

// usable is how many pages the launch can have.
func (s supply) usable() int {
	if s.allowed >= 0 {
		return min(s.free, s.allowed)
	}
	return s.free
}

func (s supply) String() string {
	if s.allowed < 0 {
		return fmt.Sprintf("%d free of %s", s.free, s.size)
	}
	return fmt.Sprintf("%d free of %s, of which the pod's limit leaves %d", s.free, s.size, s.allowed)
}

// checkPages compares the usable hugepages of all sizes with the memory. Any pages will
// do, since a launch takes larger ones for the rest.
func (m machine) checkPages(memoryMiB int, sizes []capacity.PageSize) []launch.Finding {
	var all []string
	usable, free := 0, 0
	for _, size := range sizes {
		s, ok := m.supply(size)
		if !ok {
			continue
		}
		all = append(all, s.String())
		usable += s.usable() * size.MiB()
		free += s.free * size.MiB()
	}
	if all == nil || usable >= memoryMiB {
		return nil
	}
	f := launch.Finding{
		Check:   "hugepages",
		Problem: fmt.Sprintf("%d MiB are wanted and %d MiB can be had: %s", memoryMiB, usable, strings.Join(all, "; ")),
		Cure: "reserve more on the node (memory_mib in /etc/nitro_enclaves/allocator.yaml, or the direct mode's pages), " +
			"or find out who holds them",
	}
	if free >= memoryMiB {
		f.Cure = "raise the container's limit of " + contract.ResourceHugepagesPrefix + "* in a size that the node has free"
	}
	return []launch.Finding{f}
}

// supply reads what there is of a size; false when the kernel has no such size.
func (m machine) supply(size capacity.PageSize) (supply, bool) {
	dir := fmt.Sprintf("sys/kernel/mm/hugepages/hugepages-%dkB/", size.MiB()<<10)
	free, ok := m.number(dir + "free_hugepages")
	if !ok {
		return supply{}, false
	}
	// Pages that were mapped and not touched yet are free and promised.
	promised, _ := m.number(dir + "resv_hugepages")
	free = max(0, free-promised)
	if local, ok := m.localPages(size); ok {
		free = min(free, local)
	}
	return supply{size, int(free), m.allowed(size)}, true
}

// localPages are the free pages of the pool's NUMA node: the driver takes no others.
func (m machine) localPages(size capacity.PageSize) (int64, bool) {
	pool := m.cpuList(cpuPool)
	nodes := m.nodesOf(pool)
	if len(nodes) != 1 {
		return 0, false
	}
	return m.number(fmt.Sprintf("sys/devices/system/node/node%d/hugepages/hugepages-%dkB/free_hugepages", nodes[0], size.MiB()<<10))
}

// limits are a cgroup's files of one page size, %s: the limit and what counts against it.
// A container sees its own cgroup at the root, of version 2 or 1. Reservations have a limit
// of their own, which newer runtimes set. Where only the pod's cgroup is limited, above the
// container's, nothing is to be seen here.
var limits = [][2]string{
	{"sys/fs/cgroup/hugetlb.%s.max", "sys/fs/cgroup/hugetlb.%s.current"},
	{"sys/fs/cgroup/hugetlb.%s.rsvd.max", "sys/fs/cgroup/hugetlb.%s.rsvd.current"},
	{"sys/fs/cgroup/hugetlb/hugetlb.%s.limit_in_bytes", "sys/fs/cgroup/hugetlb/hugetlb.%s.usage_in_bytes"},
	{"sys/fs/cgroup/hugetlb/hugetlb.%s.rsvd.limit_in_bytes", "sys/fs/cgroup/hugetlb/hugetlb.%s.rsvd.usage_in_bytes"},
}

// noLimit is above every limit that means something. Version 1 writes the largest multiple
// of a page that fits into 63 bits for none.
const noLimit = 1 << 60

// allowed is how many pages of a size the tightest of the limits leaves, or -1.
func (m machine) allowed(size capacity.PageSize) int {
	least := -1
	for _, names := range limits {
		limit, ok := m.number(fmt.Sprintf(names[0], cgroupSize(size)))
		if !ok || limit >= noLimit {
			continue
		}
		used, _ := m.number(fmt.Sprintf(names[1], cgroupSize(size)))
		pages := int(max(0, limit-used) / (int64(size.MiB()) << 20))
		if least < 0 || pages < least {
			least = pages
		}
	}
	return least
}

// cgroupSize is how cgroups spell a page size: "2MB", "1GB".
func cgroupSize(size capacity.PageSize) string {
	if mib := size.MiB(); mib < 1024 {
		return fmt.Sprintf("%dMB", mib)
	}
	return fmt.Sprintf("%dGB", size.MiB()>>10)
}
