package components

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recorder is the engine under a component test: it keeps what is registered and
// answers with the values that AWS and Kubernetes would compute.
type recorder struct {
	mu        sync.Mutex
	resources []registered
	// definition is the cluster's definition of EC2NodeClass.
	definition map[string]any
	// prunes makes the API server drop what that definition lacks.
	prunes bool
	// ec2 answers for instance types; describeInstanceType when nil.
	ec2   func(name string) (resource.PropertyMap, error)
	asked []string // the instance types
}

const crdToken = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"

// nodeClassDefinition is the definition of EC2NodeClass, as far as it is looked at,
// with these fields.
func nodeClassDefinition(fields ...string) map[string]any {
	properties := map[string]any{}
	for _, field := range fields {
		properties[field] = map[string]any{"type": "object"}
	}
	spec := map[string]any{"properties": map[string]any{"spec": map[string]any{"properties": properties}}}
	return map[string]any{"versions": []any{map[string]any{"name": "v1", "schema": map[string]any{"openAPIV3Schema": spec}}}}
}

// registered is one resource as the engine saw it.
type registered struct {
	Type     string         `json:"type"`
	Name     string         `json:"name"`
	Provider string         `json:"provider,omitempty"`
	Parent   string         `json:"parent,omitempty"`
	Protect  bool           `json:"protect,omitempty"`
	Ignore   []string       `json:"ignoreChanges,omitempty"`
	Depends  int            `json:"dependencies,omitempty"`
	Inputs   map[string]any `json:"inputs,omitempty"`
}

func (r *recorder) NewResource(a pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rpc := a.RegisterRPC
	r.resources = append(r.resources, registered{
		Type:     a.TypeToken,
		Name:     a.Name,
		Provider: a.Provider,
		Parent:   parentName(rpc.GetParent()),
		Protect:  rpc.GetProtect(),
		Ignore:   rpc.GetIgnoreChanges(),
		Depends:  len(rpc.GetDependencies()),
		Inputs:   a.Inputs.MapRepl(nil, showSecret),
	})
	return a.Name + "-id", r.computed(a), nil
}

// computed are the outputs: the inputs and what the provider adds.
func (r *recorder) computed(a pulumi.MockResourceArgs) resource.PropertyMap {
	out := a.Inputs.Copy()
	switch a.TypeToken {
	case "aws:ec2/launchTemplate:LaunchTemplate":
		out["latestVersion"] = resource.NewProperty(7.0)
	case "aws:iam/role:Role":
		out["arn"] = resource.NewProperty("arn:aws:iam::123456789012:role/" + a.Name)
		out["name"] = resource.NewProperty(a.Name)
	case "aws:eks/nodeGroup:NodeGroup":
		out["arn"] = resource.NewProperty("arn:aws:eks:eu-central-1:123456789012:nodegroup/" + a.Name)
		out["nodeGroupName"] = resource.NewProperty(a.Name + "-1a2b3c4")
		out["resources"] = resource.NewPropertyValue([]any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": "eks-" + a.Name}}}})
	}
	if a.TypeToken == crdToken && a.ID != "" {
		out["spec"] = resource.NewProperty(resource.NewPropertyMapFromMap(r.definition))
	}
	if r.prunes && strings.HasSuffix(a.TypeToken, ":EC2NodeClass") {
		spec := out["spec"].ObjectValue().Copy()
		delete(spec, "enclaveOptions")
		out["spec"] = resource.NewProperty(spec)
	}
	if strings.HasPrefix(a.TypeToken, "kubernetes:") {
		nameObject(out, a.Name)
	}
	return out
}

func nameObject(out resource.PropertyMap, name string) {
	metadata := resource.PropertyMap{}
	if m, ok := out["metadata"]; ok && m.IsObject() {
		metadata = m.ObjectValue().Copy()
	}
	if _, named := metadata["name"]; !named {
		metadata["name"] = resource.NewProperty(name + "-1a2b3c4d")
	}
	out["metadata"] = resource.NewProperty(metadata)
}

func (r *recorder) Call(a pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch a.Token {
	case "aws:index/getPartition:getPartition":
		return resource.NewPropertyMapFromMap(map[string]any{"partition": "aws"}), nil
	case "aws:eks/getCluster:getCluster":
		return resource.NewPropertyMapFromMap(map[string]any{"vpcConfig": map[string]any{
			"subnetIds": []any{"subnet-1", "subnet-2"}, "clusterSecurityGroupId": "sg-0a1b2c",
		}}), nil
	case "aws:ec2/getInstanceType:getInstanceType":
		return r.describe(a.Args["instanceType"].StringValue())
	}
	return nil, nil
}

func (r *recorder) describe(name string) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, name)
	if r.ec2 != nil {
		return r.ec2(name)
	}
	return describeInstanceType(name)
}

// describeInstanceType is EC2's answer for the types that tests use, written out so
// that it does not come from the table that it is compared to.
func describeInstanceType(name string) (resource.PropertyMap, error) {
	type answer struct {
		architecture           string
		vcpus, threads, memory int
		interfaces, addresses  int
		enclaves               string
		otherCards             int // their interfaces
	}
	a, ok := map[string]answer{
		"m5.xlarge":     {"x86_64", 4, 2, 16384, 4, 15, "supported", 0},
		"m5.2xlarge":    {"x86_64", 8, 2, 32768, 4, 15, "supported", 0},
		"m5.4xlarge":    {"x86_64", 16, 2, 65536, 8, 30, "supported", 0},
		"m6i.2xlarge":   {"x86_64", 8, 2, 32768, 4, 15, "supported", 0},
		"c5.2xlarge":    {"x86_64", 8, 2, 16384, 4, 15, "supported", 0},
		"r5.2xlarge":    {"x86_64", 8, 2, 65536, 4, 15, "supported", 0},
		"r5.4xlarge":    {"x86_64", 16, 2, 131072, 8, 30, "supported", 0},
		"m6g.2xlarge":   {"arm64", 8, 1, 32768, 4, 15, "supported", 0},
		"c6g.2xlarge":   {"arm64", 8, 1, 16384, 4, 15, "supported", 0},
		"m7g.2xlarge":   {"arm64", 8, 1, 32768, 4, 15, "supported", 0},
		"m6in.32xlarge": {"x86_64", 128, 2, 524288, 8, 50, "supported", 8},
		"c7gn.2xlarge":  {"arm64", 8, 1, 16384, 4, 15, "unsupported", 0},
		"g4ad.2xlarge":  {"x86_64", 8, 2, 32768, 2, 10, "unsupported", 0},
	}[name]
	if !ok {
		return nil, errors.New("reading EC2 Instance Type: api error InvalidInstanceType: The following supplied instance types do not exist: [" + name + "]")
	}
	cards := []any{map[string]any{"index": 1, "maximumInterfaces": a.otherCards}, map[string]any{"index": 0, "maximumInterfaces": a.interfaces}}
	return resource.NewPropertyMapFromMap(map[string]any{
		"nitroEnclavesSupport": a.enclaves, "defaultVcpus": a.vcpus, "defaultThreadsPerCore": a.threads,
		"memorySize": a.memory, "supportedArchitectures": []any{a.architecture},
		"maximumNetworkInterfaces": a.interfaces + a.otherCards, "maximumIpv4AddressesPerInterface": a.addresses,
		"defaultNetworkCardIndex": 0, "networkCards": cards,
	}), nil
}

// showSecret marks secrets in golden files, with what they hide.
func showSecret(v resource.PropertyValue) (any, bool) {
	switch {
	case v.IsSecret():
		return map[string]any{"secret": v.SecretValue().Element.MapRepl(nil, showSecret)}, true
	case v.IsOutput() && v.OutputValue().Secret:
		return map[string]any{"secret": v.OutputValue().Element.MapRepl(nil, showSecret)}, true
	}
	return nil, false
}

func parentName(urn string) string {
	if urn == "" {
		return ""
	}
	parsed := resource.URN(urn)
	return string(parsed.Type()) + " " + parsed.Name()
}

// run executes a program against a recorder, and returns what it registered in
// a stable order.
func run(t *testing.T, program pulumi.RunFunc, options ...pulumi.RunOption) ([]registered, error) {
	t.Helper()
	return runWith(t, &recorder{definition: nodeClassDefinition("enclaveOptions")}, program, options...)
}

// runWith is run with a recorder that answers as the test wants.
func runWith(t *testing.T, r *recorder, program pulumi.RunFunc, options ...pulumi.RunOption) ([]registered, error) {
	t.Helper()
	err := pulumi.RunErr(program, append([]pulumi.RunOption{pulumi.WithMocks("project", "stack", r)}, options...)...)
	slices.SortFunc(r.resources, func(a, b registered) int {
		return strings.Compare(a.Type+" "+a.Name, b.Type+" "+b.Name)
	})
	return r.resources, err
}

// golden compares a value with its file in testdata, as indented JSON.
func golden(t *testing.T, file string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSuffix(string(want), "\n"), string(got)); diff != "" {
		t.Errorf("%s is stale, run `make golden` (-want +got):\n%s", path, diff)
	}
}
