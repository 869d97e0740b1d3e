package components

import (
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-eks/sdk/v3/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClusterFromEKS describes a cluster that pulumi-eks creates in the same
// program.
func ClusterFromEKS(cluster *eks.Cluster) ClusterInput {
	aws := cluster.EksCluster
	return ClusterArgs{
		Name:                 aws.Name(),
		SubnetIDs:            aws.VpcConfig().SubnetIds(),
		Endpoint:             aws.Endpoint().ToStringPtrOutput(),
		CertificateAuthority: aws.CertificateAuthority().Data(),
		ServiceIPv4CIDR:      aws.KubernetesNetworkConfig().ServiceIpv4Cidr(),
	}
}

// ClusterFromName describes a cluster that exists already, by its name alone.
// What else a component needs, it asks EKS for.
func ClusterFromName(name pulumi.StringInput) ClusterInput {
	return ClusterArgs{Name: name}
}

// subnets are the subnets of the nodes: those given, else the cluster's own.
func subnets(ctx *pulumi.Context, cluster ClusterOutput, opts ...pulumi.InvokeOption) pulumi.StringArrayOutput {
	return cluster.ApplyT(func(c Cluster) (pulumi.StringArrayOutput, error) {
		if len(c.SubnetIDs) > 0 {
			return pulumi.ToStringArray(c.SubnetIDs).ToStringArrayOutput(), nil
		}
		found := awseks.LookupClusterOutput(ctx, awseks.LookupClusterOutputArgs{Name: pulumi.String(c.Name)}, opts...)
		return found.VpcConfig().SubnetIds(), nil
	}).(pulumi.StringArrayOutput)
}
