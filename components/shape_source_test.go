package components

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// warnings keeps what a program warns of.
type warnings struct {
	pulumi.Log
	texts []string
}

func (w *warnings) Warn(text string, _ *pulumi.LogArgs) error {
	w.texts = append(w.texts, text)
	return nil
}

// denied is EC2 without the permission; the text is what the provider makes of it.
func denied(string) (resource.PropertyMap, error) {
	return nil, errors.New("reading EC2 Instance Type: api error UnauthorizedOperation: You are not authorized to perform this operation")
}

// unconfigured is the engine's answer while the provider's region is not known.
func unconfigured(string) (resource.PropertyMap, error) { return resource.PropertyMap{}, nil }

// TestInstanceTypeSources walks through everything that an instance type can meet,
// in previews and updates. A case without a message is accepted.
func TestInstanceTypeSources(t *testing.T) {
	const (
		table     = "is not in the table of instance types (" + capacity.TableSource + "), so instanceShape must describe it"
		tableSays = "cannot run Nitro Enclaves by the table of instance types (" + capacity.TableSource + ")"
		ec2Says   = "cannot run Nitro Enclaves: EC2's NitroEnclavesSupport is \"unsupported\""
		noSuch    = "is not an instance type that EC2 has in this region"
		noAnswer  = "could not be looked up in EC2: "
		wayOut    = "; allow ec2:DescribeInstanceTypes to whoever runs pulumi, or give instanceShape"
	)
	shape := &InstanceShape{Architecture: pulumi.String("x86_64"), VCPUs: pulumi.Int(8), ThreadsPerCore: pulumi.Int(2), MemoryMiB: pulumi.Int(32768)}
	for _, tc := range []struct {
		name         string
		instanceType string
		shape        *InstanceShape
		ec2          func(string) (resource.PropertyMap, error)
		asked        bool
		preview      string
		update       string
		warning      string // of the preview: why EC2 was not asked
	}{
		{name: "given", instanceType: "z9z.2xlarge", shape: shape, ec2: denied},
		{name: "given for a type that EC2 says no to", instanceType: "c7gn.2xlarge", shape: shape},
		{
			name: "given for a type that surely cannot", instanceType: "t3.2xlarge", shape: shape,
			preview: `cannot run Nitro Enclaves: AWS excepts the t3 family from Nitro Enclaves; use "m5.2xlarge", "m5a.2xlarge", or "m5d.2xlarge"`,
		},
		{
			name: "surely cannot", instanceType: "m5.metal", ec2: denied,
			preview: `cannot run Nitro Enclaves: bare metal has no hypervisor to make an enclave with; use "m5.24xlarge", "m5a.24xlarge", or "m5d.24xlarge"`,
		},
		{name: "EC2 says yes", instanceType: "m5.2xlarge", asked: true},
		{
			name: "EC2 says no", instanceType: "c7gn.2xlarge", asked: true,
			preview: ec2Says + `; use "c7g.2xlarge", "c7gd.2xlarge", or "c6gn.2xlarge"`,
		},
		{
			name: "EC2 says no to what the table does not have", instanceType: "g4ad.2xlarge", asked: true,
			preview: ec2Says + `; use "m5ad.2xlarge", "m5a.2xlarge", or "m5d.2xlarge"`,
		},
		{
			name: "EC2 knows better than the table: yes", instanceType: "c7gn.2xlarge", asked: true,
			ec2: func(string) (resource.PropertyMap, error) { return describeInstanceType("c6g.2xlarge") },
		},
		{
			name: "EC2 knows better than the table: no", instanceType: "m5.2xlarge", asked: true,
			ec2:     func(string) (resource.PropertyMap, error) { return describeInstanceType("g4ad.2xlarge") },
			preview: ec2Says + `; use "m5.4xlarge", "m5a.2xlarge", or "m5d.2xlarge"`,
		},
		{name: "misspelt", instanceType: "m5.2xlagre", asked: true, preview: noSuch + `; use "m5.2xlarge"`},
		{
			name: "misspelt, and an empty list", instanceType: "m5.2xlagre", asked: true, preview: noSuch + `; use "m5.2xlarge"`,
			ec2: func(string) (resource.PropertyMap, error) {
				return nil, errors.New("no matching EC2 Instance Type found")
			},
		},
		{name: "not in this region", instanceType: "m8g.2xlarge", asked: true, preview: noSuch + `; use "m8g.4xlarge", "m8gb.2xlarge", or "m8gd.2xlarge"`},
		{
			name: "no permission", instanceType: "m5.2xlarge", ec2: denied, asked: true,
			update:  noAnswer + "reading EC2 Instance Type: api error UnauthorizedOperation: You are not authorized to perform this operation" + wayOut,
			warning: "reading EC2 Instance Type: api error UnauthorizedOperation: You are not authorized to perform this operation",
		},
		{
			name: "no configuration", instanceType: "m5.2xlarge", ec2: unconfigured, asked: true,
			update:  noAnswer + "the AWS provider is not configured yet" + wayOut,
			warning: "the AWS provider is not configured yet",
		},
		{
			name: "no configuration, and the table says no", instanceType: "c7gn.2xlarge", ec2: unconfigured, asked: true,
			preview: tableSays + `; use "c7g.2xlarge", "c7gd.2xlarge", or "c6gn.2xlarge"`,
			update:  noAnswer + "the AWS provider is not configured yet" + wayOut,
			warning: "the AWS provider is not configured yet",
		},
		{
			name: "no configuration, and misspelt", instanceType: "m5.2xlagre", ec2: unconfigured, asked: true,
			preview: table + `; use "m5.2xlarge"`,
			update:  noAnswer + "the AWS provider is not configured yet" + wayOut,
			warning: "the AWS provider is not configured yet",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.update == "" {
				tc.update = tc.preview
			}
			warning := ""
			if tc.warning != "" {
				warning = "EC2 could not be asked about the instance type " + tc.instanceType + " (" + tc.warning + "). This preview goes by " + capacity.TableSource + "; the update will ask EC2."
			}
			for _, in := range []struct {
				want, warning string
				options       []pulumi.RunOption
			}{{tc.preview, warning, []pulumi.RunOption{preview}}, {tc.update, "", nil}} {
				log, ec2 := &warnings{}, &recorder{ec2: tc.ec2}
				resources, err := runWith(t, ec2, func(ctx *pulumi.Context) error {
					log.Log, ctx.Log = ctx.Log, log
					args := nodeGroupArgs()
					args.InstanceType, args.InstanceShape = pulumi.String(tc.instanceType), tc.shape
					_, err := NewEnclaveNodeGroup(ctx, "enclaves", args)
					return err
				}, in.options...)
				checkSource(t, tc.instanceType, in.want, resources, err)
				if (len(ec2.asked) > 0) != tc.asked {
					t.Errorf("EC2 was asked for %q", ec2.asked)
				}
				if diff := cmp.Diff(in.warning, strings.Join(log.texts, "\n")); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// checkSource expects exactly this one fault and no resource, or neither.
func checkSource(t *testing.T, instanceType, want string, resources []registered, err error) {
	t.Helper()
	if want == "" {
		if err != nil || len(resources) == 0 {
			t.Errorf("refused: %v", err)
		}
		return
	}
	expectFaults(t, err, resources, []string{`enclave node group "enclaves": instanceType ("` + instanceType + `"): ` + want + "\n"})
}

// TestEC2AndTableAgree: a preview without an answer comes to the capacity that the
// update then has.
func TestEC2AndTableAgree(t *testing.T) {
	for _, instanceType := range []string{"m5.xlarge", "m5.2xlarge", "c6g.2xlarge", "m7g.2xlarge", "m6in.32xlarge"} {
		var got [2]capacity.Shape
		for i, ec2 := range []func(string) (resource.PropertyMap, error){describeInstanceType, denied} {
			_, err := runWith(t, &recorder{ec2: ec2}, func(ctx *pulumi.Context) (err error) {
				got[i], err = resolveShape(ctx, instanceType, nil, nil)
				return err
			}, preview)
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(got[0], got[1]); diff != "" || got[0].VCPUs == 0 {
			t.Errorf("%s (-EC2 +table):\n%s", instanceType, diff)
		}
	}
}

// TestMaxPodsOfEC2 has answers with less than all there is.
func TestMaxPodsOfEC2(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(resource.PropertyMap)
		want   int
	}{
		{"the default network card", func(resource.PropertyMap) {}, 394},
		{"no network cards", func(m resource.PropertyMap) { delete(m, "networkCards") }, 786},
		{"no addresses", func(m resource.PropertyMap) { delete(m, "maximumIpv4AddressesPerInterface") }, 0},
	} {
		_, err := runWith(t, &recorder{ec2: func(string) (resource.PropertyMap, error) {
			m, err := describeInstanceType("m6in.32xlarge")
			tc.change(m)
			return m, err
		}}, func(ctx *pulumi.Context) error {
			shape, err := resolveShape(ctx, "m6in.32xlarge", nil, nil)
			if shape.MaxPods != tc.want {
				t.Errorf("%s: got %d, want %d", tc.name, shape.MaxPods, tc.want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
