package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
)

// definition is a CustomResourceDefinition as far as it is looked at.
type definition struct {
	pulumi.CustomResourceState

	Spec pulumi.MapOutput `pulumi:"spec"`
}

// checkKarpenter looks up the cluster's definition of EC2NodeClass, before any other
// child is registered. Where a preview cannot read it, the update does.
func (b *nodeGroupBuilder) checkKarpenter() error {
	if b.args.Karpenter == nil || b.args.Karpenter.SkipVersionCheck {
		return nil
	}
	found := &definition{}
	// The name is what a user sees when there is no such definition.
	name := b.name + "-needs-karpenter-1.15"
	err := b.ctx.ReadResource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", name,
		pulumi.ID(karpenter.NodeClassDefinition), nil, found, b.parent())
	if err != nil {
		return fmt.Errorf("looking for Karpenter's %s: %w", karpenter.NodeClassDefinition, err)
	}
	spec, ok, err := known[map[string]any](b.ctx, found.Spec)
	if err != nil || !ok {
		return err
	}
	if err := karpenter.CheckDefinition(spec); err != nil {
		return fmt.Errorf("enclave node group %q: %w", b.name, err)
	}
	return nil
}
