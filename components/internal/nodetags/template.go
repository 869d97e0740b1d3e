package nodetags

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Node is the part of a node that comes from tags.
type Node struct {
	// Resources are quantities by name. They override what the autoscaler knows
	// of the instance type, and are capacity and allocatable alike.
	Resources map[string]string
	Labels    map[string]string
	Taints    []NodeTaint
}

// NodeTaint is a taint of a Node.
type NodeTaint struct{ Key, Value, Effect string }

// effectPattern is what a taint's value must have somewhere in it.
var effectPattern = regexp.MustCompile(`:(NoSchedule|NoExecute|PreferNoSchedule)`)

// Template reads tags back as Cluster Autoscaler does for a group without nodes:
// extractAllocatableResourcesFromAsg, extractLabelsFromAsg and
// extractTaintsFromAsg in cloudprovider/aws/aws_manager.go (1.36). It has their
// habits too: a bad quantity and a taint without effect are dropped silently, and
// EKS's own tags become labels.
func Template(tags map[string]string) Node {
	node := Node{Resources: map[string]string{}, Labels: map[string]string{}}
	for key, value := range tags {
		if name := after(key, resourcePrefix); name != "" && quantityPattern.MatchString(value) {
			node.Resources[name] = value
		}
		if name := cmp.Or(after(key, labelPrefix), after(key, "eks:")); name != "" {
			node.Labels[name] = value
		}
		if name := after(key, taintPrefix); name != "" && effectPattern.MatchString(value) {
			text, effect, _ := strings.Cut(value, ":")
			node.Taints = append(node.Taints, NodeTaint{name, text, effect})
		}
	}
	slices.SortFunc(node.Taints, func(a, b NodeTaint) int { return cmp.Compare(a.Key, b.Key) })
	return node
}

// after is what follows a marker up to its next occurrence; the marker may stand
// anywhere in the key.
func after(key, marker string) string {
	_, rest, _ := strings.Cut(key, marker)
	rest, _, _ = strings.Cut(rest, marker)
	return rest
}
