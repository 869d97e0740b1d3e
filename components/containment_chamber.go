package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var _ infer.Annotated = (*ContainmentChamber)(nil)

// ContainmentChamber runs the Containment Chamber signer in Nitro Enclaves: a
// Deployment whose pods each start an enclave of their own, and all that belongs
// to it.
type ContainmentChamber struct {
	pulumi.ResourceState

	// Namespace is the namespace of all objects.
	Namespace pulumi.StringOutput `pulumi:"namespace"`
	// ServiceName is the name of the Service.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`
	// Endpoint is the URL of the signing API inside the cluster.
	Endpoint pulumi.StringOutput `pulumi:"endpoint"`
	// TLSEndpoint is the URL of the signing API over attested TLS.
	TLSEndpoint pulumi.StringOutput `pulumi:"tlsEndpoint"`
	// MetricsEndpoint is the URL of the signer's Prometheus metrics.
	MetricsEndpoint pulumi.StringOutput `pulumi:"metricsEndpoint"`
	// DeploymentName is the name of the Deployment.
	DeploymentName pulumi.StringOutput `pulumi:"deploymentName"`
	// ServiceAccountName is the service account of the pods, for EKS Pod Identity.
	ServiceAccountName pulumi.StringOutput `pulumi:"serviceAccountName"`
	// Image is the image that runs.
	Image pulumi.StringOutput `pulumi:"image"`
	// RolloutStrategy says how updates are rolled out, and why so.
	RolloutStrategy pulumi.StringOutput `pulumi:"rolloutStrategy"`
}

// Annotate describes the component in the schema.
func (c *ContainmentChamber) Annotate(a infer.Annotator) {
	a.Describe(&c, "The Containment Chamber signer in Nitro Enclaves: a Deployment whose pods each start an enclave of their own, with Service, ServiceAccount, PodDisruptionBudget, NetworkPolicy, configuration Secret and, where wanted, HorizontalPodAutoscaler and ServiceMonitor.")
	a.Describe(&c.Namespace, "Namespace of all objects.")
	a.Describe(&c.ServiceName, "Name of the Service.")
	a.Describe(&c.Endpoint, "URL of the signing API inside the cluster.")
	a.Describe(&c.TLSEndpoint, "URL of the signing API over attested TLS inside the cluster.")
	a.Describe(&c.MetricsEndpoint, "URL of the signer's Prometheus metrics inside the cluster.")
	a.Describe(&c.DeploymentName, "Name of the Deployment.")
	a.Describe(&c.ServiceAccountName, "Service account of the pods, for an EKS Pod Identity association.")
	a.Describe(&c.Image, "Image that runs.")
	a.Describe(&c.RolloutStrategy, "How updates are rolled out, and why so.")
}

// NewContainmentChamber creates a ContainmentChamber. It returns all faults of
// its arguments together, before anything is registered.
func NewContainmentChamber(ctx *pulumi.Context, name string, args *ContainmentChamberArgs, opts ...pulumi.ResourceOption) (*ContainmentChamber, error) {
	if args == nil {
		args = &ContainmentChamberArgs{}
	}
	if err := args.check(ctx, name); err != nil {
		return nil, err
	}
	chamber := &ContainmentChamber{}
	if err := ctx.RegisterComponentResource(tokenPrefix+"ContainmentChamber", name, chamber, opts...); err != nil {
		return nil, err
	}
	b := &chamberBuilder{ctx: ctx, name: name, args: args, chamber: chamber}
	if err := b.build(); err != nil {
		return nil, err
	}
	return chamber, ctx.RegisterResourceOutputs(chamber, pulumi.Map{
		"namespace":          chamber.Namespace,
		"serviceName":        chamber.ServiceName,
		"endpoint":           chamber.Endpoint,
		"tlsEndpoint":        chamber.TLSEndpoint,
		"metricsEndpoint":    chamber.MetricsEndpoint,
		"deploymentName":     chamber.DeploymentName,
		"serviceAccountName": chamber.ServiceAccountName,
		"image":              chamber.Image,
		"rolloutStrategy":    chamber.RolloutStrategy,
	})
}
