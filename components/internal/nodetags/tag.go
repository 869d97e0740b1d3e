// Package nodetags writes the tags by which Cluster Autoscaler knows, before
// there is one, what a node of an Auto Scaling group will offer; and reads them
// back by the autoscaler's own rules. It is pure.
//
// The names are those of cluster-autoscaler's cloudprovider/aws/README.md,
// "Auto-Discovery Setup".
package nodetags

import (
	"fmt"
	"regexp"
	"slices"
)

const (
	prefix         = "k8s.io/cluster-autoscaler/"
	resourcePrefix = prefix + "node-template/resources/"
	labelPrefix    = prefix + "node-template/label/"
	taintPrefix    = prefix + "node-template/taint/"
)

// quantityPattern is the syntax of resource.ParseQuantity in
// k8s.io/apimachinery: "4", "1910m", "2Gi"; but not "2 GiB" or "2048MiB".
var quantityPattern = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$`)

// Tag is a tag of an Auto Scaling group or of a managed node group.
type Tag struct{ Key, Value string }

// ResourceKey is the key of the tag for a resource of the nodes.
func ResourceKey(name string) string { return resourcePrefix + name }

// LabelKey is the key of the tag for a label of the nodes.
func LabelKey(key string) string { return labelPrefix + key }

// TaintKey is the key of the tag for a taint of the nodes.
func TaintKey(key string) string { return taintPrefix + key }

// Resource is the tag for what a node offers of a resource. The autoscaler drops
// a value that is no quantity without a word, so that is an error here.
func Resource(name, quantity string) (Tag, error) {
	if !quantityPattern.MatchString(quantity) {
		return Tag{}, fmt.Errorf("%q of %s is not a Kubernetes quantity, such as 4, 1910m or 2Gi", quantity, name)
	}
	return Tag{ResourceKey(name), quantity}.checked()
}

// Label is the tag for a label.
func Label(key, value string) (Tag, error) { return Tag{LabelKey(key), value}.checked() }

// Taint is the tag for a taint. The autoscaler ignores a value without its
// effect, so an effect that Kubernetes does not have is an error here.
func Taint(key, value, effect string) (Tag, error) {
	if effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}; !slices.Contains(effects, effect) {
		return Tag{}, fmt.Errorf("the effect %q of the taint %s is not one of %q", effect, key, effects)
	}
	return Tag{TaintKey(key), value + ":" + effect}.checked()
}

// Enabled is the tag that lets the autoscaler's auto-discovery find the group.
func Enabled() Tag { return Tag{prefix + "enabled", "true"} }

// Owned is the tag that tells the autoscaler of one cluster from that of another.
// Its value is the one that EKS itself gives to the groups that it makes.
func Owned(cluster string) (Tag, error) { return Tag{OwnedKey(cluster), OwnedValue}.checked() }

// OwnedKey is the key of the tag Owned.
func OwnedKey(cluster string) string { return prefix + cluster }

// OwnedValue is the value of the tag Owned.
const OwnedValue = "owned"
