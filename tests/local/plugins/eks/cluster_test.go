package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// mocks answers for the engine and remembers what was registered.
type mocks struct {
	mu         sync.Mutex
	registered []string
	inputs     map[string]resource.PropertyMap
}

func (m *mocks) NewResource(a pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registered = append(m.registered, a.TypeToken+" "+a.Name)
	if m.inputs == nil {
		m.inputs = map[string]resource.PropertyMap{}
	}
	m.inputs[a.Name] = a.Inputs
	out := a.Inputs.Copy()
	out["name"], out["arn"] = resource.NewProperty(a.Name), resource.NewProperty("arn:"+a.Name)
	if a.TypeToken == "aws:eks/cluster:Cluster" {
		out["endpoint"] = resource.NewProperty("https://127.0.0.1:6443")
		out["vpcConfig"] = resource.NewPropertyValue(map[string]any{"clusterSecurityGroupId": "sg-eks"})
		out["identities"] = resource.NewPropertyValue([]any{map[string]any{"oidcs": []any{map[string]any{"issuer": "https://oidc/id/1"}}}})
	}
	return a.Name + "-id", out, nil
}

func (m *mocks) Call(a pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"id": "vpc-default", "ids": []any{"subnet-1", "subnet-2"}}), nil
}

// outputsOf builds a cluster and returns its outputs, resources as their ids.
func outputsOf(t *testing.T, m *mocks, args *clusterArgs) map[string]any {
	t.Helper()
	dir, got := t.TempDir(), map[string]any{}
	var mu sync.Mutex
	var resolved sync.WaitGroup
	existing := awsstate.Cluster{Name: "existing", Kubeconfig: "kind: Config\nusers:\n- name: a\n"}
	if err := awsstate.Seed(awsstate.Path(dir), existing); err != nil {
		t.Fatal(err)
	}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		component, outputs, err := build(ctx, "chamber", args, pulumi.Version(""), dir)
		if err != nil {
			return err
		}
		if component == nil {
			t.Error("no component")
		}
		resolved.Add(len(outputs))
		for name, v := range outputs {
			pulumi.ToOutput(v).ApplyT(func(v any) any {
				defer resolved.Done()
				mu.Lock()
				defer mu.Unlock()
				got[name] = v
				return v
			})
		}
		return nil
	}, pulumi.WithMocks("project", "dev", m))
	if err != nil {
		t.Fatal(err)
	}
	// The engine's end does not wait for outputs that hang on no resource.
	resolved.Wait()
	return got
}

func TestCluster(t *testing.T) {
	t.Parallel()
	m := &mocks{}
	got := outputsOf(t, m, &clusterArgs{SkipDefaultNodeGroup: new(true), CreateOidcProvider: new(true)})
	slices.Sort(m.registered)
	golden, err := os.ReadFile(filepath.Join("testdata", "cluster.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Fields(string(golden)), strings.Fields(strings.Join(m.registered, "\n"))); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]any{
		"clusterSecurityGroupId": pulumi.ID("chamber-eksClusterSecurityGroup-id"),
		"nodeSecurityGroupId":    pulumi.ID("chamber-nodeSecurityGroup-id"),
		"kubeconfigJson":         `{"kind":"Config","users":[{"name":"a"}]}`,
		"oidcIssuer":             "oidc/id/1",
		"oidcProviderUrl":        "https://oidc/id/1",
		"oidcProviderArn":        "arn:chamber-oidcProvider",
	} {
		if d := cmp.Diff(want, got[name]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	vpc := m.inputs["chamber-eksCluster"]["vpcConfig"]
	want := map[string]any{"subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupIds": []any{"chamber-eksClusterSecurityGroup-id"}}
	if d := cmp.Diff(want, vpc.ObjectValue().Mappable()); d != "" {
		t.Errorf("vpcConfig: %s", d)
	}
}

func TestClusterWithout(t *testing.T) {
	t.Parallel()
	m := &mocks{}
	got := outputsOf(t, m, &clusterArgs{
		SkipDefaultNodeGroup: new(true), SkipDefaultSecurityGroups: new(true), CreateInstanceRole: new(false),
		Name: pulumi.String("mine"), SubnetIDs: pulumi.ToStringArray([]string{"subnet-9"}), VpcID: pulumi.String("vpc-9"),
		AuthenticationMode: new("API"),
		AccessEntries: map[string]accessEntry{"admins": {
			PrincipalArn:   pulumi.String("arn:p"),
			AccessPolicies: map[string]accessPolicy{"all": {PolicyArn: pulumi.String("arn:q"), AccessScope: pulumi.Map{"type": pulumi.String("cluster")}}},
		}},
	})
	slices.Sort(m.registered)
	want := []string{
		"aws:eks/accessEntry:AccessEntry chamber-admins",
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation chamber-admins-all",
		"aws:eks/cluster:Cluster chamber-eksCluster",
		"aws:iam/role:Role chamber-eksRole-role",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment chamber-eksRole-AmazonEKSClusterPolicy",
		"eks:index:Cluster chamber",
	}
	if d := cmp.Diff(want, m.registered); d != "" {
		t.Error(d)
	}
	if got["clusterSecurityGroupId"] != "sg-eks" || got["oidcProviderArn"] != "" {
		t.Errorf("group %v, provider %v", got["clusterSecurityGroupId"], got["oidcProviderArn"])
	}
	if name := m.inputs["chamber-eksCluster"]["name"]; name.StringValue() != "mine" {
		t.Errorf("named %v", name)
	}
}

// TestKnownArgumentsAreRead: the list and the struct name the same arguments.
func TestKnownArgumentsAreRead(t *testing.T) {
	t.Parallel()
	var tags []string
	for f := range reflect.TypeFor[clusterArgs]().Fields() {
		tags = append(tags, f.Tag.Get("pulumi"))
	}
	if d := cmp.Diff(known(), tags); d != "" {
		t.Error(d)
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`null`, `[]`, `[{}]`, `[{"oidcs":[{}]}]`, `[{"oidcs":[{"issuer":"http://x"}]}]`} {
		var v any
		if err := json.Unmarshal([]byte(bad), &v); err != nil {
			t.Fatal(err)
		}
		if url, err := issuer(v); err == nil {
			t.Errorf("%s has the issuer %q", bad, url)
		}
	}
}

func TestKubeconfigMustBeThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := kubeconfigJSON(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want an error that names %s", err, dir)
	}
}
