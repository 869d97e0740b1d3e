package nodes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// plan is what to do now to come nearer to the wanted nodes.
type plan struct {
	create []*corev1.Node
	remove []string
	label  []*corev1.Node // labels or taints of the group have changed
}

// makePlan compares the nodes that exist with those that should. Nodes that are
// only out of date go one at a time and per group: the next one is not touched
// before the last one's successor is ready.
func makePlan(have []corev1.Node, want map[string]*corev1.Node) (p plan) {
	old, settled := map[string][]string{}, map[string]bool{}
	present := map[string]int{}
	for i := range have {
		node := &have[i]
		group := node.Labels[ownerLabel]
		present[group]++
		target := want[node.Name]
		switch {
		case target == nil:
			old[group] = append(old[group], node.Name)
		case !ready(node):
			settled[group] = false
		case outdated(node, target):
			p.label = append(p.label, target)
		}
		if _, seen := settled[group]; !seen {
			settled[group] = true
		}
	}
	missing := missingNodes(have, want)
	for group, names := range old {
		slices.Sort(names)
		p.remove = append(p.remove, surplus(names, len(missing[group]), settled[group])...)
	}
	for group, nodes := range missing {
		p.create = append(p.create, nodes[:min(len(nodes), room(nodes, old[group], p.remove))]...)
	}
	slices.Sort(p.remove)
	return p
}

// surplus picks the nodes that go: all that nothing replaces, else the first,
// once the group has settled.
func surplus(names []string, replacements int, settled bool) []string {
	if extra := len(names) - replacements; extra > 0 {
		return names[:extra]
	}
	if settled {
		return names[:1]
	}
	return nil
}

// room is the number of nodes that may be created: those that replace nothing,
// and those whose predecessor goes now.
func room(missing []*corev1.Node, old, removed []string) int {
	waiting := 0
	for _, name := range old {
		if !slices.Contains(removed, name) {
			waiting++
		}
	}
	return max(0, len(missing)-waiting)
}

func missingNodes(have []corev1.Node, want map[string]*corev1.Node) map[string][]*corev1.Node {
	exists := map[string]bool{}
	for i := range have {
		exists[have[i].Name] = true
	}
	missing := map[string][]*corev1.Node{}
	for name, node := range want {
		if !exists[name] {
			group := node.Labels[ownerLabel]
			missing[group] = append(missing[group], node)
		}
	}
	for _, nodes := range missing {
		slices.SortFunc(nodes, func(a, b *corev1.Node) int { return compareNames(a.Name, b.Name) })
	}
	return missing
}

func compareNames(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// outdated says whether the group's labels or taints are not on the node yet.
// EKS puts them on running nodes too.
func outdated(have, want *corev1.Node) bool {
	for key, value := range want.Labels {
		if have.Labels[key] != value {
			return true
		}
	}
	for _, taint := range want.Spec.Taints {
		if !slices.ContainsFunc(have.Spec.Taints, func(t corev1.Taint) bool {
			return t.Key == taint.Key && t.Value == taint.Value && t.Effect == taint.Effect
		}) {
			return true
		}
	}
	return false
}

// withTaints sets the group's taints and keeps those of others, such as
// Kubernetes's own.
func withTaints(have, want []corev1.Taint) []corev1.Taint {
	kept := slices.DeleteFunc(slices.Clone(have), func(t corev1.Taint) bool {
		return slices.ContainsFunc(want, func(w corev1.Taint) bool { return w.Key == t.Key })
	})
	return append(kept, want...)
}
