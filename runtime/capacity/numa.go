package capacity

import (
	"slices"
	"strings"
)

// smallDies are the families on AMD's first EPYC, which has a NUMA node for each die
// of 8 cores. EC2's list shows it too: the valid core counts of m5a.24xlarge go up by
// 6, one core on each of six nodes.
var smallDies = []string{"m5a", "m5ad", "r5a", "r5ad"}

// AssumedNUMANodes guesses how many NUMA nodes an instance type has, which EC2 does
// not publish: one for every 48 vCPUs on x86_64, for every 16 where dies are small,
// and for every 64 on Graviton, rounded up to a power of two. It is meant to err on
// the high side. No other family is known to us to have a NUMA node of fewer vCPUs
// unless the type itself is smaller: the 8th generation of Intel has 64. Rounding
// up also covers uneven nodes: 48, 48 and 32 vCPUs have a node of 32 at least.
func AssumedNUMANodes(instanceType string, a Architecture, vcpus int) int {
	name, _, _ := strings.Cut(instanceType, ".")
	perNode := 48
	switch {
	case slices.Contains(smallDies, name):
		perNode = 16
	case a == ARM64:
		perNode = 64
	}
	nodes := 1
	for nodes*perNode < vcpus {
		nodes *= 2
	}
	return nodes
}
