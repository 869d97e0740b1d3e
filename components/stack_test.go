package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// whole is a program with all three components, as users write it.
func whole(opts func(*pulumi.Context) []pulumi.ResourceOption) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		options := opts(ctx)
		nodes, err := NewEnclaveNodeGroup(ctx, "enclaves", nodeGroupArgs(), options...)
		if err != nil {
			return err
		}
		if _, err := NewDevicePlugin(ctx, "plugin", &DevicePluginArgs{Capacity: nodes.Capacity}, options...); err != nil {
			return err
		}
		args := chamberArgs()
		args.Capacity, args.Replicas, args.ServiceMonitor = nodes.Capacity, pulumi.Int(1), true
		_, err = NewContainmentChamber(ctx, "chamber", args, options...)
		return err
	}
}

// TestChildrenFollowTheComponent: explicit providers, protection and transforms
// reach every child of every component.
func TestChildrenFollowTheComponent(t *testing.T) {
	resources, err := run(t, whole(func(ctx *pulumi.Context) []pulumi.ResourceOption {
		awsProvider, err := aws.NewProvider(ctx, "own-aws", &aws.ProviderArgs{Region: pulumi.String("eu-central-1")})
		if err != nil {
			t.Fatal(err)
		}
		kubeProvider, err := kubernetes.NewProvider(ctx, "own-kubernetes", &kubernetes.ProviderArgs{})
		if err != nil {
			t.Fatal(err)
		}
		return []pulumi.ResourceOption{
			pulumi.Providers(awsProvider, kubeProvider),
			pulumi.Protect(true),
			pulumi.Transformations([]pulumi.ResourceTransformation{ignoreNothing}),
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	children := 0
	for _, r := range resources {
		if !strings.HasPrefix(r.Parent, tokenPrefix) {
			continue
		}
		children++
		pkg, _, _ := strings.Cut(r.Type, ":")
		if !strings.Contains(r.Provider, "::own-"+pkg+"::") {
			t.Errorf("%s %s has provider %q", r.Type, r.Name, r.Provider)
		}
		if !r.Protect {
			t.Errorf("%s %s is not protected", r.Type, r.Name)
		}
		if !strings.Contains(strings.Join(r.Ignore, ","), "transformed") {
			t.Errorf("%s %s was not transformed: %v", r.Type, r.Name, r.Ignore)
		}
		owner := r.Parent[strings.LastIndex(r.Parent, " ")+1:]
		if !strings.Contains(r.Name, owner) {
			t.Errorf("%s %s does not have its component's name %s in it", r.Type, r.Name, owner)
		}
	}
	if children < 15 {
		t.Errorf("saw only %d children", children)
	}
}

// ignoreNothing leaves a mark on every resource that it is called for.
func ignoreNothing(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
	return &pulumi.ResourceTransformationResult{
		Props: args.Props,
		Opts:  append(args.Opts, pulumi.IgnoreChanges([]string{"transformed"})),
	}
}

// TestPreviewWithUnknownCluster: every input that comes from a cluster which
// does not exist yet is unknown in the first preview.
func TestPreviewWithUnknownCluster(t *testing.T) {
	unknown := pulumi.UnsafeUnknownOutput(nil)
	text := unknown.ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
	list := unknown.ApplyT(func(any) []string { return nil }).(pulumi.StringArrayOutput)
	resources, err := run(t, func(ctx *pulumi.Context) error {
		args := nodeGroupArgs()
		args.Cluster = ClusterArgs{
			Name: text, SubnetIDs: list, Endpoint: text.ToStringPtrOutput(),
			CertificateAuthority: text.ToStringPtrOutput(), ServiceIPv4CIDR: text.ToStringPtrOutput(),
		}
		args.AMIID, args.NodeRoleARN = text, text
		nodes, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
		if err != nil {
			return err
		}
		if _, ok, err := known[Capacity](ctx, nodes.Capacity); !ok || err != nil {
			t.Errorf("the capacity is not known: %v", err)
		}
		chamber := chamberArgs()
		chamber.Capacity, chamber.Replicas = nodes.Capacity, pulumi.Int(1)
		chamber.ServiceAccountRoleARN, chamber.Region, chamber.Namespace = text, text, text
		_, err = NewContainmentChamber(ctx, "chamber", chamber)
		return err
	}, preview)
	if err != nil {
		t.Fatal(err)
	}
	if len(resources) < 9 {
		t.Errorf("the preview shows only %d resources", len(resources))
	}
}

// TestPreviewWithUnknownCapacity: users may compute the capacity of their nodes.
func TestPreviewWithUnknownCapacity(t *testing.T) {
	_, err := run(t, func(ctx *pulumi.Context) error {
		number := pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) int { return 0 }).(pulumi.IntOutput)
		nodes := handWritten()
		nodes.Slots = number
		args := chamberArgs()
		args.Capacity = nodes
		if _, err := NewContainmentChamber(ctx, "chamber", args); err != nil {
			return err
		}
		group := nodeGroupArgs()
		group.EnclaveCPUs = number
		_, err := NewEnclaveNodeGroup(ctx, "enclaves", group)
		return err
	}, preview)
	if err != nil {
		t.Fatal(err)
	}
}
