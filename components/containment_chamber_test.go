package components

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// chamberArgs are the smallest arguments that are accepted.
func chamberArgs() *ContainmentChamberArgs {
	return &ContainmentChamberArgs{
		Capacity: handWritten(),
		Tag:      pulumi.String("v1.5.0"),
		Config:   pulumi.Map{"signer_state": pulumi.Map{"backend": pulumi.String("dynamodb")}},
	}
}

func newChamber(args *ContainmentChamberArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewContainmentChamber(ctx, "chamber", args)
		return err
	}
}

// TestContainmentChamberChildren asserts types, names, parents, providers and
// inputs of all children.
func TestContainmentChamberChildren(t *testing.T) {
	for _, tc := range []struct {
		file   string
		change func(*ContainmentChamberArgs)
	}{
		{"chamber-minimal.json", func(*ContainmentChamberArgs) {}},
		{"chamber-full.json", func(a *ContainmentChamberArgs) {
			a.EnclaveSelector = pulumi.String("keySource")
			a.Config = pulumi.Map{"key_sources": pulumi.Map{"dynamodb": pulumi.Map{"table": pulumi.String("keys")}}}
			a.Image, a.Tag = pulumi.String("images.example.com/chamber"), pulumi.String("v1.5.0-nitro")
			a.Digest = pulumi.String("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
			a.PullSecrets = pulumi.ToStringArray([]string{"registry"})
			a.Namespace, a.CreateNamespace = pulumi.String("signers"), new(false)
			a.Replicas, a.MaxReplicas, a.TargetCPUUtilization = pulumi.Int(1), pulumi.Int(3), pulumi.Int(60)
			a.Region = pulumi.String("eu-central-1")
			a.Egress = pulumi.ToStringArray([]string{"db.example.com:5432"})
			a.ServiceAccountRoleARN = pulumi.String("arn:aws:iam::123456789012:role/signer")
			a.ServiceType = pulumi.String("LoadBalancer")
			a.ServiceAnnotations = pulumi.ToStringMap(map[string]string{"service.beta.kubernetes.io/aws-load-balancer-internal": "true"})
			a.ClientNamespaces = pulumi.ToStringArray([]string{"validators"})
			a.MonitoringNamespaces = pulumi.ToStringArray([]string{"monitoring"})
			a.ServiceMonitor = true
			a.ServiceMonitorLabels = pulumi.ToStringMap(map[string]string{"release": "prometheus"})
			a.DrainSeconds = pulumi.Int(60)
			a.HostCPU, a.HostMemory = pulumi.String("500m"), pulumi.String("512Mi")
			a.PriorityClassName = pulumi.String("signers")
			a.DoNotDisrupt = pulumi.Bool(true)
		}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			args := chamberArgs()
			tc.change(args)
			resources, err := run(t, newChamber(args))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.file, resources)
		})
	}
}

// TestContainmentChamberFaults shows that every fault is reported together, and
// that nothing has been registered then.
func TestContainmentChamberFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*ContainmentChamberArgs)
		want   []string
	}{
		{"nothing given", func(a *ContainmentChamberArgs) { *a = ContainmentChamberArgs{} }, []string{
			"capacity: is required", "config: is required", "tag: is required",
		}},
		{"more pods than slots", func(a *ContainmentChamberArgs) { a.Replicas = pulumi.Int(5) }, []string{
			"replicas (5): exceeds the 4 enclaves that fit on 2 nodes of 2 slots",
		}},
		{"a rollout that would stall", func(a *ContainmentChamberArgs) {
			a.Replicas, a.MaxSurge, a.MaxUnavailable = pulumi.Int(4), pulumi.Int(1), pulumi.Int(0)
		}, []string{"maxSurge (1): no slot is free and maxUnavailable is 0"}},
		{"negative strategy", func(a *ContainmentChamberArgs) {
			a.MaxSurge, a.MaxUnavailable = pulumi.Int(-1), pulumi.Int(-1)
		}, []string{"maxSurge (-1): must not be negative", "maxUnavailable (-1): must not be negative"}},
		{"many at once", func(a *ContainmentChamberArgs) {
			a.Tag, a.Digest, a.Image = pulumi.String("latest"), pulumi.String("sha256:1"), pulumi.String("chamber:v1")
			a.Namespace = pulumi.String("Signers")
			a.DrainSeconds = pulumi.Int(5)
			a.MaxReplicas = pulumi.Int(1)
			a.ServiceType, a.Region = pulumi.String("NodePort"), pulumi.String("Frankfurt")
			a.Egress = pulumi.ToStringArray([]string{"db.example.com", "db.example.com:0", "*.example.com:443"})
			a.EnclaveSelector = pulumi.String("sgx")
		}, []string{
			`tag ("latest"): moves`, `digest ("sha256:1")`, `image ("chamber:v1"): has a tag`, `namespace ("Signers")`, "drainSeconds (5)",
			"maxReplicas (1): must not be below replicas", `serviceType ("NodePort")`, `region ("Frankfurt")`,
			`egress ("db.example.com"): is not host:port`, `egress ("db.example.com:0")`,
			`egress ("*.example.com:443"): is a pattern`, `enclaveSelector ("sgx")`,
		}},
		{"a configuration that cannot work", func(a *ContainmentChamberArgs) {
			a.Config = pulumi.Map{"tls": pulumi.Map{"mode": pulumi.String("disabled")}}
		}, []string{"config.tls.mode: must be atls", "config.signer_state.backend: is required"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := chamberArgs()
			tc.change(args)
			resources, err := run(t, newChamber(args))
			expectFaults(t, err, resources, tc.want)
		})
	}
}

// TestFaultsShowNoSecret: the configuration may hold passwords.
func TestFaultsShowNoSecret(t *testing.T) {
	args := chamberArgs()
	args.Config = pulumi.Map{"tls": pulumi.Map{"mode": pulumi.String("hunter2")}, "tee": pulumi.String("hunter2")}
	_, err := run(t, newChamber(args))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestFaultsShowNoSecretInput(t *testing.T) {
	args := chamberArgs()
	hidden := pulumi.ToSecret(pulumi.String("Hunter2")).(pulumi.StringOutput)
	args.Namespace = hidden
	args.Egress = pulumi.StringArray{hidden}
	_, err := run(t, newChamber(args))
	if err == nil || strings.Contains(err.Error(), "Hunter2") || !strings.Contains(err.Error(), `namespace ("[secret]")`) || !strings.Contains(err.Error(), `egress ("[secret]")`) {
		t.Errorf("got %v", err)
	}
}

func TestRolloutStrategy(t *testing.T) {
	for _, tc := range []struct {
		name     string
		replicas int
		maxNodes pulumi.IntPtrInput
		surge    pulumi.IntInput
		want     string
	}{
		{"a slot is free", 3, nil, nil, "maxSurge 1, maxUnavailable 0: "},
		{"no slot is free", 4, nil, nil, "maxSurge 0, maxUnavailable 1: "},
		{"the autoscaler's last node has a free slot", 5, pulumi.IntPtr(3), nil, "maxSurge 1, maxUnavailable 0: "},
		{"a surge that the autoscaler makes room for", 4, pulumi.IntPtr(3), pulumi.Int(2), "maxSurge 2, maxUnavailable 0: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := chamberArgs()
			nodes := handWritten()
			nodes.MaxNodes = tc.maxNodes
			args.Capacity, args.Replicas, args.MaxSurge = nodes, pulumi.Int(tc.replicas), tc.surge
			var got string
			_, err := run(t, func(ctx *pulumi.Context) error {
				chamber, err := NewContainmentChamber(ctx, "chamber", args)
				if err != nil {
					return err
				}
				got, _, err = known[string](ctx, chamber.RolloutStrategy)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestImageReference(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, tc := range []struct{ repository, tag, digest, want string }{
		{"r/i", "v1", "", "r/i:v1-nitro"},
		{"r/i", "v1-nitro", "", "r/i:v1-nitro"},
		{"r/i", "v1", digest, "r/i:v1-nitro@" + digest},
		{"r/i", "", digest, "r/i@" + digest},
	} {
		if diff := cmp.Diff(tc.want, imageReference(tc.repository, tc.tag, tc.digest)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRegionEndpoints(t *testing.T) {
	want := []string{"dynamodb.cn-north-1.amazonaws.com.cn:443", "kms.cn-north-1.amazonaws.com.cn:443", "sts.cn-north-1.amazonaws.com.cn:443", "169.254.170.23:80"}
	if diff := cmp.Diff(want, regionEndpoints("cn-north-1")); diff != "" {
		t.Error(diff)
	}
}
