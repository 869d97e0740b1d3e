package components

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodeGroupArgs are the smallest arguments that are accepted.
func nodeGroupArgs() *EnclaveNodeGroupArgs {
	return &EnclaveNodeGroupArgs{
		Cluster:          ClusterFromName(pulumi.String("prod")),
		InstanceType:     pulumi.String("m5.2xlarge"),
		EnclaveCPUs:      pulumi.Int(2),
		EnclaveMemoryMiB: pulumi.Int(1024),
	}
}

// TestEnclaveNodeGroupChildren asserts types, names, parents, providers and
// inputs of all children.
func TestEnclaveNodeGroupChildren(t *testing.T) {
	for _, tc := range []struct {
		file   string
		change func(*EnclaveNodeGroupArgs)
	}{
		{"nodes-minimal.json", func(*EnclaveNodeGroupArgs) {}},
		{"nodes-full.json", func(a *EnclaveNodeGroupArgs) {
			a.Cluster = ClusterArgs{Name: pulumi.String("prod"), SubnetIDs: pulumi.ToStringArray([]string{"subnet-9"})}
			a.InstanceType = pulumi.String("c6g.2xlarge")
			a.EnclavesPerNode, a.EnclaveMemoryMiB = pulumi.Int(3), pulumi.Int(512)
			a.Reservation = pulumi.String("direct")
			a.MinSize, a.DesiredSize, a.MaxSize = pulumi.Int(1), pulumi.Int(2), pulumi.Int(4)
			a.IgnoreDesiredSizeChanges = true
			a.CapacityType = pulumi.String("SPOT")
			a.NodeRoleARN = pulumi.String("arn:aws:iam::123456789012:role/own")
			a.ReleaseVersion = pulumi.String("1.33.3-20260724")
			a.Labels = pulumi.ToStringMap(map[string]string{"team": "staking"})
			a.Tags = pulumi.ToStringMap(map[string]string{"cost": "validators"})
			a.DiskSizeGiB, a.DiskKMSKeyID = pulumi.Int(50), pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1")
			a.MetadataHopLimit = pulumi.Int(2)
		}},
		{"nodes-custom-ami.json", func(a *EnclaveNodeGroupArgs) {
			a.AMIID = pulumi.String("ami-0123456789abcdef0")
			a.Cluster = ClusterArgs{
				Name:                 pulumi.String("prod"),
				SubnetIDs:            pulumi.ToStringArray([]string{"subnet-9"}),
				Endpoint:             pulumi.StringPtr("https://example.eks.amazonaws.com"),
				CertificateAuthority: pulumi.StringPtr("Y2E="),
				ServiceIPv4CIDR:      pulumi.StringPtr("10.100.0.0/16"),
			}
		}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			args := nodeGroupArgs()
			tc.change(args)
			resources, err := run(t, func(ctx *pulumi.Context) error {
				_, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.file, decodeUserData(t, resources))
		})
	}
}

// decodeUserData makes user data readable in golden files, a line an element.
func decodeUserData(t *testing.T, resources []registered) []registered {
	t.Helper()
	for _, r := range resources {
		encoded, ok := r.Inputs["userData"].(string)
		if !ok {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		r.Inputs["userData"] = readableUserData(string(text))
	}
	return resources
}

// readableUserData are the lines that depend on the arguments.
func readableUserData(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "readonly ") || strings.HasPrefix(line, "ExecStart=") || strings.HasPrefix(line, "Content-Type") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestEnclaveNodeGroupCapacity(t *testing.T) {
	var got Capacity
	_, err := run(t, func(ctx *pulumi.Context) error {
		args := nodeGroupArgs()
		args.EnclavesPerNode, args.MaxSize = pulumi.Int(3), pulumi.Int(5)
		group, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
		if err != nil {
			return err
		}
		value, ok, err := known[Capacity](ctx, group.Capacity)
		if !ok {
			t.Error("the capacity is not known")
		}
		got = value
		return err
	}, preview)
	if err != nil {
		t.Fatal(err)
	}
	want := Capacity{
		Slots: 3, Nodes: 1, MaxNodes: new(5), EnclaveCPUs: 2, EnclaveMemoryMiB: 1024,
		EnclaveHugepages: map[string]string{"hugepages-1Gi": "1Gi"},
		NodeResources: map[string]string{
			"aws.ec2.nitro/nitro_enclaves": "3", "aws.ec2.nitro/nitro_enclaves_cpus": "6", "hugepages-1Gi": "3Gi",
			"cpu": got.NodeResources["cpu"], "memory": got.NodeResources["memory"],
		},
		NodeLabels: map[string]string{"aws-nitro-enclaves-k8s-dp": "enabled", "containment-chamber.io/node-group": "enclaves"},
		TaintKey:   new("containment-chamber.io/enclave"), TaintValue: new("true"), TaintEffect: new("NoSchedule"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if want.NodeResources["cpu"] == "" || want.NodeResources["memory"] == "" {
		t.Error("the node resources lack cpu and memory")
	}
}

// TestEnclaveNodeGroupFaults shows that every fault of the arguments is reported
// together, and that nothing has been registered then.
func TestEnclaveNodeGroupFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*EnclaveNodeGroupArgs)
		want   []string
	}{
		{"nothing given", func(a *EnclaveNodeGroupArgs) { *a = EnclaveNodeGroupArgs{} }, []string{
			"cluster: is required", "instanceType: is required", "enclaveCpus: is required", "enclaveMemoryMib: is required",
		}},
		{"too many CPUs", func(a *EnclaveNodeGroupArgs) {
			a.InstanceType, a.EnclaveCPUs = pulumi.String("m5.xlarge"), pulumi.Int(4)
		}, []string{"enclaveCpus (4): m5.xlarge can set aside at most 2 of its 4 vCPUs"}},
		{"undividable pages", func(a *EnclaveNodeGroupArgs) {
			a.EnclaveMemoryMiB, a.EnclavesPerNode = pulumi.Int(512), pulumi.Int(2)
		}, []string{"enclaveMemoryMib (512)", `reservation "direct"`}},
		{"no enclaves on it", func(a *EnclaveNodeGroupArgs) { a.InstanceType = pulumi.String("t3.xlarge") }, []string{`instanceType ("t3.xlarge"): cannot run Nitro Enclaves`}},
		{"many at once", func(a *EnclaveNodeGroupArgs) {
			a.Cluster = ClusterFromName(pulumi.String(""))
			a.CapacityType = pulumi.String("CHEAP")
			a.DiskSizeGiB = pulumi.Int(5)
			a.MinSize, a.MaxSize = pulumi.Int(3), pulumi.Int(2)
			a.NodeRoleARN = pulumi.String("nodes")
			a.Reservation = pulumi.String("magic")
			a.Labels = pulumi.ToStringMap(map[string]string{"aws-nitro-enclaves-k8s-dp": "disabled"})
		}, []string{
			`cluster.name (""): must not be empty`, `capacityType ("CHEAP"): must be one of`, "diskSizeGib (5): must be from 20",
			"minSize (3): must not be above maxSize", `nodeRoleArn ("nodes"): is not an ARN`, `reservation ("magic")`,
			`labels.aws-nitro-enclaves-k8s-dp ("disabled")`,
		}},
		{"negative sizes", func(a *EnclaveNodeGroupArgs) {
			a.MinSize, a.DesiredSize, a.MaxSize = pulumi.Int(-1), pulumi.Int(-1), pulumi.Int(-1)
		}, []string{"minSize (-1): must not be negative", "maxSize (-1): must be at least 1"}},
		{"custom AMI without a cluster", func(a *EnclaveNodeGroupArgs) {
			a.AMIID, a.ReleaseVersion = pulumi.String("ami-1"), pulumi.String("1")
		}, []string{
			"cluster.endpoint: is required", "cluster.certificateAuthority: is required", "cluster.serviceIpv4Cidr: is required", "releaseVersion: clashes with amiId",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := nodeGroupArgs()
			tc.change(args)
			resources, err := run(t, func(ctx *pulumi.Context) error {
				_, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
				return err
			})
			expectFaults(t, err, resources, tc.want)
		})
	}
}

// expectFaults asserts one error with all the texts, and an empty stack.
func expectFaults(t *testing.T, err error, resources []registered, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("no %q in:\n%v", text, err)
		}
	}
	if len(resources) > 0 {
		t.Errorf("%d resources have been registered in spite of the error, first %+v", len(resources), resources[0])
	}
}

func preview(info *pulumi.RunInfo) { info.DryRun = true }
