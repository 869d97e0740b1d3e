package components

import (
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/podspec"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// placement puts pods onto the nodes that have the capacity, and nowhere else.
func placement(nodes CapacityOutput) podspec.Placement {
	return podspec.Placement{NodeSelector: nodeSelector(nodes), Tolerations: tolerations(nodes)}
}

func nodeSelector(nodes CapacityOutput) pulumi.StringMapOutput {
	return nodes.ApplyT(func(c Capacity) map[string]string {
		if len(c.NodeLabels) == 0 {
			return map[string]string{contract.NodeLabel: contract.NodeLabelValue}
		}
		return maps.Clone(c.NodeLabels)
	}).(pulumi.StringMapOutput)
}

func tolerations(nodes CapacityOutput) corev1.TolerationArrayOutput {
	return nodes.ApplyT(func(c Capacity) []corev1.Toleration {
		if deref(c.TaintKey) == "" {
			return nil
		}
		equal := "Equal"
		return []corev1.Toleration{{Key: c.TaintKey, Operator: &equal, Value: c.TaintValue, Effect: c.TaintEffect}}
	}).(corev1.TolerationArrayOutput)
}
