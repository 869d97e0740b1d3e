package components

import (
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
)

func (b *nodeGroupBuilder) nodeClass(role pulumi.StringOutput, before []pulumi.Resource) (*customObject, error) {
	spec := karpenter.NodeClass(karpenter.NodeClassSpec{
		Role:             roleName(role),
		AMIAlias:         b.args.Karpenter.AMIAlias,
		AMIID:            b.args.AMIID,
		SubnetIDs:        subnets(b.ctx, b.cluster(), b.parentInvoke()),
		SecurityGroupIDs: b.securityGroups(),
		UserData:         b.userDataText(),
		HopLimit:         intOr(b.args.MetadataHopLimit, defaultHopLimit),
		RootDevice:       rootDevice,
		DiskSizeGiB:      intOr(b.args.DiskSizeGiB, defaultDiskSizeGiB),
		DiskKMSKeyID:     b.args.DiskKMSKeyID,
		Tags:             b.namedTags(),
	})
	return newCustomObject(b.ctx, karpenter.NodeClassVersion, karpenter.NodeClassKind, b.name, b.objectMeta(b.name), spec,
		b.parent(), pulumi.DependsOn(before))
}

// keptNodeClass is the name of the node class, for those who need its nodes: it is an
// error when the API server has dropped the option that makes them enclave nodes.
func keptNodeClass(nodeClass *customObject) pulumi.StringOutput {
	return pulumi.All(nodeClass.name(), nodeClass.Spec).ApplyT(func(v []any) (string, error) {
		return v[0].(string), karpenter.CheckKept(v[1].(map[string]any))
	}).(pulumi.StringOutput)
}

// securityGroups are those given, else the one that EKS makes for the cluster, which
// is what managed nodes get.
func (b *nodeGroupBuilder) securityGroups() pulumi.StringArrayInput {
	if given := b.args.Karpenter.SecurityGroupIDs; given != nil {
		return given
	}
	group := b.cluster().ApplyT(func(c Cluster) pulumi.StringOutput {
		found := awseks.LookupClusterOutput(b.ctx, awseks.LookupClusterOutputArgs{Name: pulumi.String(c.Name)}, b.parentInvoke())
		return found.VpcConfig().ClusterSecurityGroupId()
	}).(pulumi.StringOutput)
	return pulumi.StringArray{group}
}

// parentInvoke makes a function call use the provider of the children.
func (b *nodeGroupBuilder) parentInvoke() pulumi.InvokeOption { return pulumi.Parent(b.group) }
