package nodecheck

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// node is an enclave node while it is examined.
type node struct {
	*corev1.Node
	// plugins are the device plugin's pods on the node; everywhere are those of the
	// whole cluster.
	plugins, everywhere []corev1.Pod
	// chambers are the chambers' pods on the node.
	chambers []corev1.Pod
	// sound: what the node offers agrees with itself, so that it can be compared with
	// other nodes and with what pods ask for.
	sound    bool
	findings []Finding
	notes    []string
}

func newNode(object *corev1.Node, plugins, pods []corev1.Pod) *node {
	n := &node{Node: object, everywhere: plugins}
	for _, pod := range plugins {
		if pod.Spec.NodeName == n.Name {
			n.plugins = append(n.plugins, pod)
		}
	}
	for _, pod := range pods {
		if isChamber(&pod) && alive(&pod) && pod.Spec.NodeName == n.Name {
			n.chambers = append(n.chambers, pod)
		}
	}
	slices.SortFunc(n.chambers, comparePods)
	return n
}

func (n *node) add(check Check, seen, cure string) {
	n.findings = append(n.findings, Finding{check, seen, cure})
}

// found tells whether any of the checks failed.
func (n *node) found(checks ...Check) bool {
	return slices.ContainsFunc(n.findings, func(f Finding) bool { return slices.Contains(checks, f.Check) })
}

func (n *node) group() string        { return n.Labels[contract.NodeGroupLabel] }
func (n *node) instanceType() string { return n.Labels[corev1.LabelInstanceTypeStable] }

// slots and enclaveCPUs are what the scheduler gives to pods.
func (n *node) slots() int { return amount(n.Status.Allocatable, contract.ResourceEnclaves) }
func (n *node) enclaveCPUs() int {
	return amount(n.Status.Allocatable, contract.ResourceEnclaveCPUs)
}

// pages are the hugepages that the scheduler gives to pods, largest first.
func (n *node) pages() []capacity.Pages { return pages(n.Status.Allocatable) }

// pages has the sizes that enclaves can use and that there are pages of.
func pages(list corev1.ResourceList) []capacity.Pages {
	var all []capacity.Pages
	for _, size := range capacity.ARM64.PageSizes() { // has those of x86_64 too
		if count := amount(list, size.Resource()) / (size.MiB() << 20); count > 0 {
			all = append(all, capacity.Pages{Size: size, Count: count})
		}
	}
	return all
}

func describePages(all []capacity.Pages) string {
	parts := make([]string, 0, len(all))
	for _, p := range all {
		parts = append(parts, p.String())
	}
	return cmp.Or(strings.Join(parts, " + "), "none")
}

// amount is a whole number of a resource, 0 when it is not in the list.
func amount(list corev1.ResourceList, name string) int {
	quantity := list[corev1.ResourceName(name)]
	return int(quantity.Value())
}

func (n *node) report() Report {
	r := Report{
		Node: n.Name, InstanceType: n.instanceType(), NodeGroup: n.group(), Ready: n.ready(),
		Slots: n.slots(), EnclaveCPUs: n.enclaveCPUs(), Hugepages: map[string]string{}, Pages: describePages(n.pages()),
		Findings: append([]Finding{}, n.findings...), Notes: append([]string{}, n.notes...),
	}
	for name, quantity := range n.Status.Allocatable {
		if strings.HasPrefix(string(name), contract.ResourceHugepagesPrefix) && !quantity.IsZero() {
			r.Hugepages[string(name)] = quantity.String()
		}
	}
	return r
}
