package components

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

func (b *nodeGroupBuilder) nodePool(nodeClass *customObject) (*customObject, error) {
	k := b.args.Karpenter
	spec := karpenter.NodePool(karpenter.NodePoolSpec{
		NodeClass:        keptNodeClass(nodeClass),
		Labels:           b.labels(),
		Taint:            karpenter.Taint{Key: contract.TaintKey, Value: contract.TaintValue, Effect: contract.TaintEffect},
		Architecture:     b.kubernetesArchitecture(),
		CapacityType:     karpenterCapacityType(stringOr(b.args.CapacityType, "ON_DEMAND")),
		InstanceTypes:    b.poolTypes(),
		MaxNodes:         b.args.MaxSize,
		Slots:            b.plan.sizing.ApplyT(func(s any) int { return s.(sizing).plan.Slots }).(pulumi.IntOutput),
		ConsolidateAfter: stringOr(k.ConsolidateAfter, defaultConsolidateAfter),
		ExpireAfter:      stringOr(k.ExpireAfter, defaultExpireAfter),
		Budget:           stringOr(k.DisruptionBudget, defaultDisruptionBudget),
		Weight:           k.Weight,
	})
	return newCustomObject(b.ctx, karpenter.NodePoolVersion, karpenter.NodePoolKind, b.name, b.objectMeta(b.name), spec, b.parent())
}

// kubernetesArchitecture is the architecture as Kubernetes spells it.
func (b *nodeGroupBuilder) kubernetesArchitecture() pulumi.StringOutput {
	return b.plan.sizing.ApplyT(func(s any) string {
		if s.(sizing).plan.Request.Shape.Architecture == capacity.ARM64 {
			return "arm64"
		}
		return "amd64"
	}).(pulumi.StringOutput)
}

// karpenterCapacityType turns EKS's spelling into Karpenter's.
func karpenterCapacityType(in pulumi.StringInput) pulumi.StringOutput {
	return in.ToStringOutput().ApplyT(func(v string) string {
		return strings.ReplaceAll(strings.ToLower(v), "_", "-")
	}).(pulumi.StringOutput)
}

// poolTypes are the instance types of the pool, the group's first.
func (b *nodeGroupBuilder) poolTypes() pulumi.StringArrayOutput {
	return b.plan.sizing.ApplyT(func(s any) []string {
		var names []string
		for _, plan := range s.(sizing).plans() {
			names = append(names, plan.Request.Shape.InstanceType)
		}
		return names
	}).(pulumi.StringArrayOutput)
}
