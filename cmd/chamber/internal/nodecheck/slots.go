package nodecheck

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// checkSlots compares the slots with the settings of the plugin, which runs.
func (n *node) checkSlots() {
	pod := &n.plugins[0]
	has, free := amount(n.Status.Capacity, contract.ResourceEnclaves), n.slots()
	again := fmt.Sprintf("%s, so that it registers with kubelet again; if that changes nothing, read its log and kubelet's", restart(pod))
	switch wanted, known := pluginSlots(pod); {
	case has != free:
		n.add(CheckSlots, fmt.Sprintf("the node has %s, of which pods can have %d: kubelet has lost its connection to the device plugin", count(has, "slot"), free), again)
	case free == 0:
		n.add(CheckSlots, "the device plugin runs, and the node has no slots: it has not registered with kubelet", "wait a few seconds; then "+again)
	case known && free != wanted:
		n.add(CheckSlots, fmt.Sprintf("the node has %s, and the device plugin is to offer %d", count(free, "slot"), wanted), again)
	}
}

// offline is how many vCPUs of the instance type kubelet does not count, because
// they were set aside before it started.
func (n *node) offline() (count int, known bool) {
	shape, known := capacity.LookupShape(n.instanceType())
	if !known {
		return 0, false
	}
	count = shape.VCPUs - amount(n.Status.Capacity, "cpu")
	return count, count >= 0
}

// checkCPUs compares the enclave CPUs with those that are offline, and with the
// slots.
func (n *node) checkCPUs() {
	pod := &n.plugins[0]
	if on, known := envValue(containerOf(pod), envCPUs); known && !isTrue(on) {
		return // reported with the plugin
	}
	has, free := amount(n.Status.Capacity, contract.ResourceEnclaveCPUs), n.enclaveCPUs()
	offline, known := n.offline()
	if !known {
		n.notes = append(n.notes, fmt.Sprintf("the instance type %q is unknown to this command, or has more CPUs than it should: whether all CPUs that are offline are offered is not checked", n.instanceType()))
	}
	again := fmt.Sprintf("%s, since it counts the CPUs once, when it starts", restart(pod))
	switch {
	case known && offline == 0 && free == 0:
		n.add(CheckCPUs, fmt.Sprintf("no CPU is set aside: all %d vCPUs of %s are the host's", amount(n.Status.Capacity, "cpu"), n.instanceType()),
			fmt.Sprintf("see in %s why, and %s", n.console(), n.replace()))
	case has != free:
		n.add(CheckCPUs, fmt.Sprintf("the node has %s, of which pods can have %d", count(has, "enclave CPU"), free), again)
	case known && free < offline:
		n.add(CheckCPUs, fmt.Sprintf("the device plugin offers %s, and %d of the %s's vCPUs are offline: it started before they were set aside", count(free, "enclave CPU"), offline, n.instanceType()),
			again+". If that changes nothing, the instance has fewer vCPUs than its type (CpuOptions)")
	case known && free > offline:
		n.add(CheckCPUs, fmt.Sprintf("the device plugin offers %s, and kubelet counts only %d of the %s's vCPUs as offline: it started before they were set aside, and gives them to ordinary pods too", count(free, "enclave CPU"), offline, n.instanceType()),
			fmt.Sprintf("%s; if the numbers still differ, %s", restart(pod), n.replace()))
	case free == 0:
		n.add(CheckCPUs, "the node has no enclave CPUs: the device plugin started before they were set aside, or none was", fmt.Sprintf("%s; if there is still none, %s", again, n.replace()))
	default:
		n.checkCPUShare(free)
	}
}

// checkCPUShare: every slot must get the same number of whole cores.
func (n *node) checkCPUShare(cpus int) {
	slots := n.slots()
	if slots == 0 {
		return // reported with the slots
	}
	cure := fmt.Sprintf("let %s of the device plugin and the CPUs that are set aside agree: `chamber plan` shows what fits an instance type", envSlots)
	shape, known := capacity.LookupShape(n.instanceType())
	switch {
	case cpus%slots != 0:
		n.add(CheckCPUs, fmt.Sprintf("%s cannot be shared by %s", count(cpus, "enclave CPU"), count(slots, "slot")), cure)
	case known && cpus/slots%shape.ThreadsPerCore != 0:
		n.add(CheckCPUs, fmt.Sprintf("%s for %s are %d for each, which on %s is no whole number of cores", count(cpus, "enclave CPU"), count(slots, "slot"), cpus/slots, n.instanceType()), cure)
	}
}
