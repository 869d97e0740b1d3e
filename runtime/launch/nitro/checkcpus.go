//go:build linux

package nitro

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

const (
	cpuPool   = "sys/module/nitro_enclaves/parameters/ne_cpus"
	cpuFolder = "sys/devices/system/cpu/"
	// hostSiblings are the threads of CPU 0's core. Those of the pool cannot be
	// read, because offline CPUs have no topology; a node's cores are all alike.
	hostSiblings = cpuFolder + "cpu0/topology/thread_siblings_list"
)

// morePool is the way out of a pool that is too small.
const morePool = "set aside at least %d CPUs (cpu_count in /etc/nitro_enclaves/allocator.yaml, or the direct mode's pool), or ask for fewer"

// checkCPUs compares the node's pool with the wanted CPUs. Who has which of the pool's CPUs
// is known to the driver alone.
func (m machine) checkCPUs(want int) []launch.Finding {
	if want < 1 {
		return cpuFinding(fmt.Sprintf("%d CPUs are wanted", want), "ask for at least one core")
	}
	text, ok := m.text(cpuPool)
	if !ok {
		return cpuFinding("the node's CPU pool cannot be read: there is no /"+cpuPool, "load the module nitro_enclaves on the node")
	}
	pool, err := parseCPUList(text)
	if err != nil {
		return nil // A kernel that writes it in another way: the driver will tell.
	}
	var found []launch.Finding
	if len(pool) < want {
		found = append(found, cpuFinding(fmt.Sprintf("%d CPUs are wanted and the node's pool has %d (%q)", want, len(pool), text),
			fmt.Sprintf(morePool, want))...)
	}
	return append(append(found, m.checkCores(want)...), m.checkNodes(pool)...)
}

// checkCores wants whole cores.
func (m machine) checkCores(want int) []launch.Finding {
	siblings := m.cpuList(hostSiblings)
	threads := len(siblings)
	if threads < 2 || want%threads == 0 {
		return nil
	}
	cure := fmt.Sprintf("ask for %d CPUs", want-want%threads+threads)
	if want > threads {
		cure = fmt.Sprintf("ask for %d or %d CPUs", want-want%threads, want-want%threads+threads)
	}
	return cpuFinding(fmt.Sprintf("%d CPUs are wanted and a core has %d threads: an enclave gets whole cores", want, threads), cure)
}

// checkNodes wants a pool of one NUMA node, as the driver does when it is set.
func (m machine) checkNodes(pool []int) []launch.Finding {
	nodes := m.nodesOf(pool)
	if len(nodes) < 2 {
		return nil
	}
	return cpuFinding(fmt.Sprintf("the node's pool has CPUs of the NUMA nodes %d and %d", nodes[0], nodes[1]),
		"set the pool again from one NUMA node (cpu_pool or cpu_count of the allocator)")
}

// nodesOf are the NUMA nodes of CPUs, as far as they can be read.
func (m machine) nodesOf(cpus []int) []int {
	var nodes []int
	for _, cpu := range cpus {
		if node, ok := m.nodeOf(cpu); ok && !slices.Contains(nodes, node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// nodeOf is the NUMA node of a CPU, where the kernel shows it: as a link in its folder.
func (m machine) nodeOf(cpu int) (int, bool) {
	entries, err := fs.ReadDir(m.root, fmt.Sprintf("%scpu%d", cpuFolder, cpu))
	if err != nil {
		return 0, false
	}
	for _, e := range entries {
		var node int
		if n, ok := strings.CutPrefix(e.Name(), "node"); ok {
			if _, err := fmt.Sscanf(n, "%d", &node); err == nil {
				return node, true
			}
		}
	}
	return 0, false
}

func cpuFinding(problem, cure string) []launch.Finding {
	return []launch.Finding{{Check: "cpus", Problem: problem, Cure: cure}}
}
