package components

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
)

// firstOverlayWeight leaves room below for overlays of others, about prices say.
const firstOverlayWeight = 100

// overlays registers a NodeOverlay for each instance type of the pool. Which there
// are must be known; a preview that cannot know it shows none.
func (b *nodeGroupBuilder) overlays(pool *customObject) error {
	s, ok, err := known[sizing](b.ctx, b.plan.sizing)
	if err != nil {
		return err
	}
	if !ok {
		return b.ctx.Log.Warn("the instance types are not known yet, so the update will create NodeOverlays for Karpenter that are not shown here",
			&pulumi.LogArgs{Resource: b.group})
	}
	for i, plan := range s.plans() {
		instanceType := plan.Request.Shape.InstanceType
		spec := karpenter.Overlay(karpenter.OverlaySpec{
			NodePool:     pool.name(),
			InstanceType: pulumi.String(instanceType),
			Capacity:     b.overlayCapacity(i),
			Weight:       firstOverlayWeight + i,
		})
		if err := b.overlay(instanceType, spec); err != nil {
			return err
		}
	}
	return nil
}

// overlayCapacity is taken from the output and not from the value that was waited
// for, so that dependencies and secrets flow through.
func (b *nodeGroupBuilder) overlayCapacity(i int) pulumi.StringMapOutput {
	return b.plan.sizing.ApplyT(func(s any) map[string]string {
		return karpenter.OverlayCapacity(s.(sizing).plans()[i].NodeResources())
	}).(pulumi.StringMapOutput)
}

// overlay waits until Karpenter has taken the overlay. It never does so without the
// feature gate, and then no node would ever start.
func (b *nodeGroupBuilder) overlay(instanceType string, spec pulumi.Map) error {
	metadata := b.objectMeta(b.name + "-" + strings.ReplaceAll(instanceType, ".", "-"))
	metadata.Annotations = pulumi.StringMap{
		"pulumi.com/waitFor":        pulumi.String("condition=Ready"),
		"pulumi.com/timeoutSeconds": pulumi.String("300"),
	}
	_, err := newCustomObject(b.ctx, karpenter.OverlayVersion, karpenter.OverlayKind, b.name+"-"+instanceType, metadata, spec, b.parent())
	return err
}
