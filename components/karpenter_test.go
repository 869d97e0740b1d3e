package components

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/components/internal/karpenter"
)

// karpenterArgs are the smallest arguments that are accepted with Karpenter.
func karpenterArgs() *EnclaveNodeGroupArgs {
	args := nodeGroupArgs()
	args.MaxSize = pulumi.Int(4)
	args.Karpenter = &Karpenter{AMIAlias: pulumi.String("al2023@v20260724")}
	return args
}

// nodesOf is a program with these arguments alone.
func nodesOf(args *EnclaveNodeGroupArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
		return err
	}
}

func TestKarpenterChildren(t *testing.T) {
	for _, tc := range []struct {
		file   string
		change func(*EnclaveNodeGroupArgs)
	}{
		{"karpenter-minimal.json", func(*EnclaveNodeGroupArgs) {}},
		{"karpenter-full.json", func(a *EnclaveNodeGroupArgs) {
			a.Cluster = ClusterArgs{Name: pulumi.String("prod"), SubnetIDs: pulumi.ToStringArray([]string{"subnet-9"})}
			a.EnclavesPerNode, a.EnclaveMemoryMiB = pulumi.Int(3), pulumi.Int(512)
			a.Reservation = pulumi.String("direct")
			a.CapacityType = pulumi.String("SPOT")
			a.NodeRoleARN = pulumi.String("arn:aws:iam::123456789012:role/path/own")
			a.AMIID = pulumi.String("ami-0123456789abcdef0")
			a.Labels = pulumi.ToStringMap(map[string]string{"team": "staking"})
			a.Tags = pulumi.ToStringMap(map[string]string{"cost": "validators"})
			a.DiskSizeGiB, a.DiskKMSKeyID = pulumi.Int(50), pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1")
			a.MetadataHopLimit = pulumi.Int(2)
			a.Karpenter = &Karpenter{
				InstanceTypes:    pulumi.ToStringArray([]string{"m6i.2xlarge", "r5.4xlarge"}),
				SecurityGroupIDs: pulumi.ToStringArray([]string{"sg-1", "sg-2"}),
				ConsolidateAfter: pulumi.String("Never"),
				ExpireAfter:      pulumi.String("720h"),
				DisruptionBudget: pulumi.String("10%"),
				Weight:           pulumi.Int(7),
				SkipVersionCheck: true,
			}
		}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			args := karpenterArgs()
			tc.change(args)
			resources, err := run(t, nodesOf(args))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.file, shortUserData(resources))
		})
	}
}

// shortUserData leaves the lines that depend on the arguments.
func shortUserData(resources []registered) []registered {
	for _, r := range resources {
		spec, _ := r.Inputs["spec"].(map[string]any)
		if text, ok := spec["userData"].(string); ok {
			spec["userData"] = readableUserData(text)
		}
	}
	return resources
}

// TestKarpenterCapacity: no node is certain, and what is left for other pods is what
// the smallest type of the pool has.
func TestKarpenterCapacity(t *testing.T) {
	capacityOf := func(types ...string) (got Capacity) {
		args := karpenterArgs()
		args.Karpenter.InstanceTypes = pulumi.ToStringArray(types)
		_, err := run(t, func(ctx *pulumi.Context) error {
			group, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
			if err != nil {
				return err
			}
			got, _, err = known[Capacity](ctx, group.Capacity)
			return err
		}, preview)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	one, two, small := capacityOf(), capacityOf("r5.4xlarge"), capacityOf("c5.2xlarge")
	if one.Nodes != 0 || deref(one.MaxNodes) != 4 || one.Slots != 1 {
		t.Errorf("capacity is %+v", one)
	}
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("a larger type changes the capacity:\n%s", diff)
	}
	if small.NodeResources["memory"] == one.NodeResources["memory"] {
		t.Errorf("a type with half the memory leaves as much: %v", small.NodeResources)
	}
	small.NodeResources["memory"] = one.NodeResources["memory"]
	if diff := cmp.Diff(one, small); diff != "" {
		t.Errorf("a smaller type changes more than the memory:\n%s", diff)
	}
}

// TestKarpenterOutputs: those of managed node groups are empty and not unknown.
func TestKarpenterOutputs(t *testing.T) {
	got := map[string]string{}
	_, err := run(t, func(ctx *pulumi.Context) error {
		group, err := NewEnclaveNodeGroup(ctx, "enclaves", karpenterArgs())
		if err != nil {
			return err
		}
		for name, out := range map[string]pulumi.StringOutput{
			"pool": group.NodePoolName, "policy": group.KarpenterPolicy, "group": group.NodeGroupName, "arn": group.NodeGroupARN, "template": group.LaunchTemplateID,
		} {
			value, ok, err := known[string](ctx, out)
			if err != nil || !ok {
				t.Errorf("%s is not known: %v", name, err)
			}
			got[name] = value
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"pool": "enclaves", "policy": got["policy"], "group": "", "arn": "", "template": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got["policy"], `"Resource":["arn:aws:iam::123456789012:role/enclaves-node"]`) {
		t.Errorf("the policy is %s", got["policy"])
	}
}

func TestKarpenterFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*EnclaveNodeGroupArgs)
		want   []string
	}{
		{"nothing given", func(a *EnclaveNodeGroupArgs) { a.MaxSize, a.Karpenter = nil, &Karpenter{} }, []string{
			"maxSize: is required; say how many", "karpenter.amiAlias: is required; pin a release",
		}},
		{"a moving AMI", func(a *EnclaveNodeGroupArgs) { a.Karpenter.AMIAlias = pulumi.String("al2023@latest") }, []string{
			`karpenter.amiAlias ("al2023@latest"): moves`,
		}},
		{"another system", func(a *EnclaveNodeGroupArgs) { a.Karpenter.AMIAlias = pulumi.String("bottlerocket@1.2.3") }, []string{
			`karpenter.amiAlias ("bottlerocket@1.2.3"): is not a release of EKS's Amazon Linux 2023 AMI`,
		}},
		{"what only managed node groups have", func(a *EnclaveNodeGroupArgs) {
			a.DesiredSize, a.MinSize, a.ClusterAutoscaler, a.IgnoreDesiredSizeChanges = pulumi.Int(1), pulumi.Int(1), true, true
			a.ReleaseVersion, a.AMIID = pulumi.String("1"), pulumi.String("ami-1")
		}, []string{
			"desiredSize: clashes with karpenter", "minSize: clashes with karpenter", "clusterAutoscaler: clashes with karpenter",
			"ignoreDesiredSizeChanges: clashes with karpenter", "releaseVersion: clashes with karpenter", "karpenter.amiAlias: clashes with amiId",
		}},
		{"what the CRDs refuse", func(a *EnclaveNodeGroupArgs) {
			a.MaxSize = pulumi.Int(0)
			a.Labels = pulumi.ToStringMap(map[string]string{"karpenter.sh/x": "1", "a.karpenter.k8s.aws/y": "2", "kubernetes.io/hostname": "3"})
			a.Tags = pulumi.ToStringMap(map[string]string{"kubernetes.io/cluster/prod": "owned", "karpenter.sh/nodepool": "x"})
			a.Karpenter.ConsolidateAfter, a.Karpenter.ExpireAfter = pulumi.String("soon"), pulumi.String("30d")
			a.Karpenter.DisruptionBudget, a.Karpenter.Weight = pulumi.String("half"), pulumi.Int(101)
			a.Karpenter.SecurityGroupIDs = pulumi.ToStringArray([]string{"sg-1", "default"})
		}, []string{
			"maxSize (0): must be at least 1", `labels.karpenter.sh/x ("1"): is set by Karpenter`, "labels.a.karpenter.k8s.aws/y", "labels.kubernetes.io/hostname",
			"tags.kubernetes.io/cluster/prod", "tags.karpenter.sh/nodepool",
			`karpenter.consolidateAfter ("soon"): is not a duration`, `karpenter.expireAfter ("30d")`,
			`karpenter.disruptionBudget ("half"): is neither`, "karpenter.weight (101): must be from 1 to 100",
			`karpenter.securityGroupIds[1] ("default"): is not the id of a security group`,
		}},
		{"too many subnets", func(a *EnclaveNodeGroupArgs) {
			a.Cluster = ClusterArgs{Name: pulumi.String("prod"), SubnetIDs: pulumi.ToStringArray(slices.Repeat([]string{"subnet-1"}, 31))}
			a.Karpenter.SecurityGroupIDs = pulumi.StringArray{}
		}, []string{"cluster.subnetIds: are 31, and Karpenter takes 30", "karpenter.securityGroupIds: must not be empty"}},
		{"types that do not belong together", func(a *EnclaveNodeGroupArgs) {
			a.EnclavesPerNode = pulumi.Int(3)
			a.Karpenter.InstanceTypes = pulumi.ToStringArray([]string{"m5.2xlarge", "m5.xlarge", "m6g.2xlarge", "t3.2xlarge", "r5.2xlarge", "r5.2xlarge"})
		}, []string{
			`karpenter.instanceTypes[0] ("m5.2xlarge"): is there already`,
			`karpenter.instanceTypes[1] ("m5.xlarge"): cannot be in the pool: `, "3 enclaves take 6 CPUs, but m5.xlarge can set aside at most 2",
			`karpenter.instanceTypes[2] ("m6g.2xlarge"): cannot be in the pool: it is arm64, and m5.2xlarge is x86_64`,
			`karpenter.instanceTypes[3] ("t3.2xlarge"): cannot be in the pool: `, "cannot run Nitro Enclaves",
			`karpenter.instanceTypes[5] ("r5.2xlarge"): is there already`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := karpenterArgs()
			tc.change(args)
			resources, err := run(t, nodesOf(args))
			expectFaults(t, err, resources, tc.want)
		})
	}
}

// TestKarpenterTooOld: a cluster whose Karpenter does not know enclaves is refused by
// its definition before anything but the component is there, in previews too.
func TestKarpenterTooOld(t *testing.T) {
	for name, options := range map[string][]pulumi.RunOption{"update": nil, "preview": {preview}} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{definition: nodeClassDefinition("role")}
			resources, err := runWith(t, r, nodesOf(karpenterArgs()), options...)
			if !errors.Is(err, karpenter.ErrTooOld) && (err == nil || !strings.Contains(err.Error(), karpenter.ErrTooOld.Error())) {
				t.Fatalf("error: %v", err)
			}
			want := []string{"containment-chamber:index:EnclaveNodeGroup", crdToken}
			if diff := cmp.Diff(want, types(resources)); diff != "" {
				t.Errorf("registered (-want +got):\n%s", diff)
			}
		})
	}
}

// TestKarpenterPrunes: without the look at the definition, what the API server made
// of the node class decides, and no pool is made of one without enclaves.
func TestKarpenterPrunes(t *testing.T) {
	args := karpenterArgs()
	args.Karpenter.SkipVersionCheck = true
	resources, err := runWith(t, &recorder{prunes: true}, nodesOf(args))
	if err == nil || !strings.Contains(err.Error(), karpenter.ErrTooOld.Error()) {
		t.Errorf("error: %v", err)
	}
	registered := types(resources)
	if !slices.Contains(registered, "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass") {
		t.Error("the node class was not even tried")
	}
	for _, later := range []string{"kubernetes:karpenter.sh/v1:NodePool", "kubernetes:karpenter.sh/v1alpha1:NodeOverlay"} {
		if slices.Contains(registered, later) {
			t.Errorf("%s was created all the same", later)
		}
	}
}

// TestKarpenterPreviewOfNewCluster: nothing of the cluster is known, and neither are
// the instance types.
func TestKarpenterPreviewOfNewCluster(t *testing.T) {
	unknown := pulumi.UnsafeUnknownOutput(nil)
	text := unknown.ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
	list := unknown.ApplyT(func(any) []string { return nil }).(pulumi.StringArrayOutput)
	args := karpenterArgs()
	args.Cluster = ClusterArgs{Name: text, SubnetIDs: list}
	args.Karpenter.InstanceTypes, args.Karpenter.SecurityGroupIDs = list, list
	resources, err := runWith(t, &recorder{}, nodesOf(args), preview)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kubernetes:karpenter.k8s.aws/v1:EC2NodeClass", "kubernetes:karpenter.sh/v1:NodePool"} {
		if !slices.Contains(types(resources), want) {
			t.Errorf("the preview lacks %s", want)
		}
	}
}

// types are the types of what was registered, each once.
func types(resources []registered) []string {
	seen := map[string]bool{}
	for _, r := range resources {
		seen[r.Type] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
