package nodecheck

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// offer is what the nodes of one group must have in common.
type offer struct {
	instanceType string
	slots, cpus  int
	pages        string
}

func (n *node) offer() offer {
	return offer{n.instanceType(), n.slots(), n.enclaveCPUs(), describePages(n.pages())}
}

func (o offer) String() string {
	return fmt.Sprintf("%s, %s and %s (%s)", count(o.slots, "slot"), count(o.cpus, "CPU"), o.pages, o.instanceType)
}

// checkGroups reports the nodes that differ from most others of their group, or
// from its newest one where there are as many of both.
func checkGroups(nodes []*node) {
	groups := map[string][]*node{}
	for _, n := range nodes {
		if n.sound && n.group() != "" {
			groups[n.group()] = append(groups[n.group()], n)
		}
	}
	for _, group := range groups {
		model := typical(group)
		for _, n := range group {
			if n.offer() == model.offer() {
				continue
			}
			n.add(CheckGroup, fmt.Sprintf("the node has %s, and %s of the same group %s=%s has %s", n.offer(), model.Name, contract.NodeGroupLabel, n.group(), model.offer()),
				"wait if the group is being updated, which replaces node after node; else "+n.replace())
		}
	}
}

func typical(group []*node) *node {
	alike := map[offer]int{}
	for _, n := range group {
		alike[n.offer()]++
	}
	best := group[0]
	for _, n := range group[1:] {
		more := alike[n.offer()] - alike[best.offer()]
		if more > 0 || more == 0 && n.CreationTimestamp.After(best.CreationTimestamp.Time) {
			best = n
		}
	}
	return best
}
