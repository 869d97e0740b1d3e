package components

import (
	"context"
	"reflect"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is what a component needs to know of an EKS cluster: its name, and for
// custom AMIs what nodeadm needs to join it.
type Cluster struct {
	// Name is the EKS cluster's name.
	Name string `pulumi:"name"`
	// SubnetIDs are the subnets that nodes go to. The cluster's own subnets when
	// empty.
	SubnetIDs []string `pulumi:"subnetIds,optional"`
	// Endpoint is the URL of the API server; custom AMIs only.
	Endpoint *string `pulumi:"endpoint,optional"`
	// CertificateAuthority is the base64 CA bundle of the API server; custom AMIs only.
	CertificateAuthority *string `pulumi:"certificateAuthority,optional"`
	// ServiceIPv4CIDR is the address range of Services; custom AMIs only.
	ServiceIPv4CIDR *string `pulumi:"serviceIpv4Cidr,optional"`
}

// Annotate describes the type in the schema.
func (x *Cluster) Annotate(a infer.Annotator) {
	a.Describe(&x, "What a component needs to know of an EKS cluster: its name, and for custom AMIs what nodeadm needs to join it.")
	a.Describe(&x.Name, "The EKS cluster's name.")
	a.Describe(&x.SubnetIDs, "The subnets that nodes go to. The cluster's own subnets when empty.")
	a.Describe(&x.Endpoint, "The URL of the API server; custom AMIs only.")
	a.Describe(&x.CertificateAuthority, "The base64 CA bundle of the API server; custom AMIs only.")
	a.Describe(&x.ServiceIPv4CIDR, "The address range of Services; custom AMIs only.")
}

// ClusterInput is accepted where a Cluster is wanted: ClusterArgs or a ClusterOutput.
type ClusterInput interface {
	pulumi.Input

	ToClusterOutput() ClusterOutput
	ToClusterOutputWithContext(context.Context) ClusterOutput
}

// ClusterArgs are the inputs that make a Cluster.
type ClusterArgs struct {
	// Name is the EKS cluster's name.
	Name pulumi.StringInput `pulumi:"name"`
	// SubnetIDs are the subnets that nodes go to. The cluster's own subnets when
	// empty.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds,optional"`
	// Endpoint is the URL of the API server; custom AMIs only.
	Endpoint pulumi.StringPtrInput `pulumi:"endpoint,optional"`
	// CertificateAuthority is the base64 CA bundle of the API server; custom AMIs only.
	CertificateAuthority pulumi.StringPtrInput `pulumi:"certificateAuthority,optional"`
	// ServiceIPv4CIDR is the address range of Services; custom AMIs only.
	ServiceIPv4CIDR pulumi.StringPtrInput `pulumi:"serviceIpv4Cidr,optional"`
}

// ElementType is the plain type behind the arguments.
func (ClusterArgs) ElementType() reflect.Type { return reflect.TypeFor[Cluster]() }

// ToClusterOutput returns the arguments as an output.
func (a ClusterArgs) ToClusterOutput() ClusterOutput {
	return a.ToClusterOutputWithContext(context.Background())
}

// ToClusterOutputWithContext is ToClusterOutput with a context of the caller's.
func (a ClusterArgs) ToClusterOutputWithContext(ctx context.Context) ClusterOutput {
	return pulumi.ToOutputWithContext(ctx, a).(ClusterOutput)
}

// ClusterOutput is a Cluster that may be known only later.
type ClusterOutput struct{ *pulumi.OutputState }

// ElementType is the plain type behind the output.
func (ClusterOutput) ElementType() reflect.Type { return reflect.TypeFor[Cluster]() }

// ToClusterOutput returns the output itself.
func (o ClusterOutput) ToClusterOutput() ClusterOutput { return o }

// ToClusterOutputWithContext returns the output itself.
func (o ClusterOutput) ToClusterOutputWithContext(context.Context) ClusterOutput { return o }

func init() {
	pulumi.RegisterInputType(reflect.TypeFor[ClusterInput](), ClusterArgs{})
	pulumi.RegisterOutputType(ClusterOutput{})
}
