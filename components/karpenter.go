package components

import (
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/policy"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// karpenterNodes registers what Karpenter starts nodes from. The overlays come last:
// without them no enclave pod fits, so no node is started too early.
func (b *nodeGroupBuilder) karpenterNodes(role pulumi.StringOutput, attached []pulumi.Resource) error {
	access, err := b.nodeAccess(role)
	if err != nil {
		return err
	}
	nodeClass, err := b.nodeClass(role, append(attached, access...))
	if err != nil {
		return err
	}
	pool, err := b.nodePool(nodeClass)
	if err != nil {
		return err
	}
	if err := b.overlays(pool); err != nil {
		return err
	}
	b.group.NodePoolName = pool.name()
	b.group.KarpenterPolicy = role.ApplyT(func(arn string) (string, error) {
		return policy.KarpenterPassRole(arn).JSON()
	}).(pulumi.StringOutput)
	return nil
}

// objectMeta names an object of the whole cluster after the component.
func (b *nodeGroupBuilder) objectMeta(name string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Name: pulumi.String(name),
		Labels: pulumi.StringMap{
			contract.LabelInstance:  pulumi.String(b.name),
			contract.LabelManagedBy: pulumi.String(contract.ManagedBy),
		},
	}
}

// roleName is the last part of a role's ARN: EC2NodeClass wants it without a path.
func roleName(arn pulumi.StringOutput) pulumi.StringOutput {
	return arn.ApplyT(func(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }).(pulumi.StringOutput)
}
