package nodecheck

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// checkPages compares the hugepages with the slots.
func (n *node) checkPages() {
	has, free := pages(n.Status.Capacity), n.pages()
	for _, p := range has {
		if pods := amount(n.Status.Allocatable, p.Size.Resource()) / (p.Size.MiB() << 20); pods != p.Count {
			n.add(CheckPages, fmt.Sprintf("the node has %s, of which pods can have %d: kubelet keeps the rest back", p, pods),
				fmt.Sprintf("take %s out of what kubelet reserves for the system (kubeReserved, systemReserved, reservedMemory); else %s", p.Size.Resource(), n.replace()))
			return
		}
	}
	if len(free) == 0 {
		n.add(CheckPages, n.noPages(), fmt.Sprintf("see in %s why, and %s", n.console(), n.replace()))
		return
	}
	if slots := n.slots(); slots > 0 {
		n.checkPageShare(free, slots)
	}
}

func (n *node) noPages() string {
	const seen = "the node has no hugepages that an enclave can use"
	if offline, known := n.offline(); known && offline > 0 || n.enclaveCPUs() > 0 {
		return seen + ", although CPUs are set aside: kubelet counts pages only when it starts, or there was not enough free memory in one piece"
	}
	return seen
}

// checkPageShare: every slot must get the same pages, and enough of them.
func (n *node) checkPageShare(free []capacity.Pages, slots int) {
	total := 0
	for _, p := range free {
		total += p.MiB()
		if p.Count%slots != 0 {
			n.add(CheckPages, fmt.Sprintf("the node has %s, which %s cannot share equally", describePages(free), count(slots, "slot")),
				fmt.Sprintf("let the slots and the memory that is set aside agree: `chamber plan` shows what fits an instance type. If pages are missing, %s", n.replace()))
			return
		}
	}
	if total/slots < capacity.MinEnclaveMiB {
		n.add(CheckPages, fmt.Sprintf("%s are %d MiB for each of %s, and an enclave starts with %d MiB at least", describePages(free), total/slots, count(slots, "slot"), capacity.MinEnclaveMiB),
			"set more memory aside: `chamber plan` shows what fits an instance type")
	}
}

// checkHost: the node's own pods need something too.
func (n *node) checkHost() {
	cpu, memory := n.Status.Allocatable["cpu"], n.Status.Allocatable["memory"]
	if cpu.Sign() > 0 && memory.Sign() > 0 {
		return
	}
	n.add(CheckHost, fmt.Sprintf("nothing is left for ordinary pods: %s CPU and %s memory", cpu.String(), memory.String()),
		"set fewer CPUs and less memory aside, or use a larger instance type: `chamber plan` shows what is left")
}
