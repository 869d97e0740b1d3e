package nodecheck

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// checkPods compares every node with what the chambers' pods on it ask for, and
// with the pods that wait, where no node that they select has what they ask for:
// others wait only for a free slot.
func checkPods(nodes []*node, waiting []corev1.Pod) {
	for _, n := range nodes {
		for i := range n.chambers {
			n.checkFit(&n.chambers[i])
		}
	}
	for i := range waiting {
		var selected []*node
		for _, n := range nodes {
			if n.sound && selects(&waiting[i], n.Labels) {
				selected = append(selected, n)
			}
		}
		if slices.ContainsFunc(selected, func(n *node) bool { _, short := n.short(asks(&waiting[i]), 1); return !short }) {
			continue
		}
		for _, n := range selected {
			n.checkFit(&waiting[i])
		}
	}
}

// checkFit reports a pod that cannot be on the node as often as its slots suggest.
// Of pods with the same fault, the first one is enough.
func (n *node) checkFit(pod *corev1.Pod) {
	want := asks(pod)
	slots := int(want[contract.ResourceEnclaves])
	if slots == 0 || !n.sound {
		return
	}
	name, short := n.short(want, max(1, n.slots()/slots))
	if !short {
		return
	}
	seen := fmt.Sprintf("asks for %s: the node can hold %d of such pods, and has %s", amounts(want), n.times(want), count(n.slots(), "slot"))
	cure := fmt.Sprintf("make the enclaves smaller, or set more aside: `chamber plan --instance-type %s --enclave-cpus %d --enclave-memory %d` says what fits",
		cmp.Or(n.instanceType(), "TYPE"), want[contract.ResourceEnclaveCPUs], hugeMiB(want))
	if strings.HasPrefix(name, contract.ResourceHugepagesPrefix) && amount(n.Status.Allocatable, name) == 0 {
		seen = fmt.Sprintf("asks for %s, and the node's pages are %s: it can never run here", name, describePages(n.pages()))
		cure = "let the pods ask for the pages of these nodes, as the capacity output of EnclaveNodeGroup has them, or make nodes with that page size"
	}
	if !slices.ContainsFunc(n.findings, func(f Finding) bool { return f.Check == CheckPods && strings.HasSuffix(f.Seen, seen) }) {
		n.add(CheckPods, fmt.Sprintf("the pod %s %s", podName(pod), seen), cure)
	}
}

// short names the first resource that the node has not enough of for so many such
// pods, hugepages of which it has none before others.
func (n *node) short(want map[string]int64, times int) (string, bool) {
	found, short := "", false
	for _, name := range slices.Sorted(maps.Keys(want)) {
		has := amount(n.Status.Allocatable, name)
		if int64(has) >= want[name]*int64(times) {
			continue
		}
		if has == 0 || !short {
			found, short = name, true
		}
	}
	return found, short
}

// times is how many such pods the node can hold.
func (n *node) times(want map[string]int64) int64 {
	most := int64(n.slots())
	for name, each := range want {
		most = min(most, int64(amount(n.Status.Allocatable, name))/each)
	}
	return most
}

// asks are the enclave resources that a pod requests.
func asks(pod *corev1.Pod) map[string]int64 {
	want := map[string]int64{}
	for i := range pod.Spec.Containers {
		for name, quantity := range pod.Spec.Containers[i].Resources.Requests {
			enclave := name == contract.ResourceEnclaves || name == contract.ResourceEnclaveCPUs
			if (enclave || strings.HasPrefix(string(name), contract.ResourceHugepagesPrefix)) && !quantity.IsZero() {
				want[string(name)] += quantity.Value()
			}
		}
	}
	return want
}

func hugeMiB(want map[string]int64) int64 {
	total := int64(0)
	for name, bytes := range want {
		if strings.HasPrefix(name, contract.ResourceHugepagesPrefix) {
			total += bytes >> 20
		}
	}
	return total
}

// amounts writes resources as people do, in a stable order.
func amounts(want map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		format := resource.DecimalSI
		if strings.HasPrefix(name, contract.ResourceHugepagesPrefix) {
			format = resource.BinarySI
		}
		parts = append(parts, name+" "+resource.NewQuantity(want[name], format).String())
	}
	return strings.Join(parts, ", ")
}
