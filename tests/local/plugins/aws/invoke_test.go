package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

func TestGetCluster(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	created := createTestCluster(h)
	for _, name := range []string{"local", created.id} {
		m, err := h.invoke("aws:eks/getCluster:getCluster", object{"name": name})
		if err != nil {
			t.Fatal(err)
		}
		got := plain(m)
		want := map[string]any{
			"arn": "arn:aws:eks:us-east-1:123456789012:cluster/" + name, "id": name, "status": "ACTIVE",
			"endpoint": "https://127.0.0.1:6443", "vpcConfig.vpcId": defaultVPC, "vpcConfig.subnetIds": subnetIDs(),
			"vpcConfig.clusterSecurityGroupId": clusterSecurityGroup(name), "version": kubernetesVersion,
		}
		for path, v := range want {
			if d := cmp.Diff(v, got.get(path)); d != "" {
				t.Errorf("%s, %s: %s", name, path, d)
			}
		}
		if d := cmp.Diff([]any{map[string]any{"data": "Q0E="}}, got.get("certificateAuthorities")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(identities("us-east-1", name), got.get("identities")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	_, err := h.invoke("aws:eks/getCluster:getCluster", object{"name": "nowhere"})
	wantError(t, err, "ResourceNotFoundException: No cluster found for name: nowhere")
}

func TestClusterNeedsAnAPIServer(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	if err := os.Remove(h.path); err != nil {
		t.Fatal(err)
	}
	in := object{"roleArn": "arn:aws:iam::1:role/c", "vpcConfig": object{"subnetIds": subnetIDs()}}
	_, err := h.tryCreate(typeCluster, "c", in)
	wantError(t, err, "knows no API server")
}

// TestClusterPreview: what the program set of an object stays known beside what AWS adds to it.
func TestClusterPreview(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	out := plain(h.preview(typeCluster, "c", object{"roleArn": "r", "vpcConfig": object{"subnetIds": subnetIDs()}}))
	want := map[string]any{"subnetIds": subnetIDs(), "clusterSecurityGroupId": unknown{}, "vpcId": unknown{}}
	if d := cmp.Diff(want, out.get("vpcConfig")); d != "" {
		t.Error(d)
	}
}

func TestGetInstanceType(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	cases := map[string]props{
		"m5.xlarge":   {"defaultVcpus": 4.0, "maximumNetworkInterfaces": 4.0, "maximumIpv4AddressesPerInterface": 15.0, "defaultThreadsPerCore": 2.0, "memorySize": 16384.0, "nitroEnclavesSupport": "supported", "supportedArchitectures": []any{"x86_64"}},
		"m7g.2xlarge": {"defaultVcpus": 8.0, "defaultThreadsPerCore": 1.0, "memorySize": 32768.0, "nitroEnclavesSupport": "supported", "supportedArchitectures": []any{"arm64"}},
		// From the components' table.
		"r8g.large":    {"defaultVcpus": 2.0, "maximumNetworkInterfaces": 1.0, "maximumIpv4AddressesPerInterface": 28.0, "nitroEnclavesSupport": "supported", "supportedArchitectures": []any{"arm64"}},
		"c7gn.2xlarge": {"nitroEnclavesSupport": "unsupported", "supportedArchitectures": []any{"arm64"}},
		"t3.large":     {"defaultVcpus": 2.0, "nitroEnclavesSupport": "unsupported"},
	}
	for name, want := range cases {
		m, err := h.invoke("aws:ec2/getInstanceType:getInstanceType", object{"instanceType": name})
		if err != nil {
			t.Fatal(err)
		}
		for property, v := range want {
			if d := cmp.Diff(v, plain(m).get(property)); d != "" {
				t.Errorf("%s %s: %s", name, property, d)
			}
		}
	}
	_, err := h.invoke("aws:ec2/getInstanceType:getInstanceType", object{"instanceType": "m5.huge"})
	wantError(t, err, "InvalidInstanceType: The following supplied instance types do not exist: [m5.huge]")
}

// TestInstanceTypesAgree: the list that is written out here is EC2's, and so is the
// components' table.
func TestInstanceTypesAgree(t *testing.T) {
	t.Parallel()
	for name, here := range instanceTypes() {
		s, enclaves := capacity.LookupShape(name)
		if enclaves != here.enclaves {
			t.Errorf("%s: enclaves are %v here and %v in the table", name, here.enclaves, enclaves)
		}
		table := instanceType{s.VCPUs, s.ThreadsPerCore, s.MemoryMiB, here.interfaces, here.addresses, enclaves}
		if enclaves && (table != here || s.MaxPods != here.interfaces*(here.addresses-1)+2) {
			t.Errorf("%s: %+v here, %+v in the table", name, here, s)
		}
	}
}

func TestArchitectures(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"c6g.xlarge": true, "m7gd.large": true, "im4gn.large": true, "x2gd.medium": true, "g5g.xlarge": true,
		"g5.xlarge": false, "m5.xlarge": false, "c6in.xlarge": false, "mac2.metal": false, "odd": false,
	} {
		if got := arm(name); got != want {
			t.Errorf("%s: arm is %v", name, got)
		}
	}
}

func TestGetPolicyDocument(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	m, err := h.invoke("aws:iam/getPolicyDocument:getPolicyDocument", object{"statements": []any{
		object{"sid": "Decrypt", "actions": []any{"kms:Decrypt"}, "resources": []any{"*"}, "conditions": []any{
			object{"test": "StringEqualsIgnoreCase", "variable": "kms:RecipientAttestation:PCR0", "values": []any{"aa", "bb"}},
			object{"test": "StringEqualsIgnoreCase", "variable": "kms:RecipientAttestation:PCR8", "values": []any{"cc"}},
		}},
		object{"effect": "Deny", "actions": []any{"kms:Encrypt", "kms:ReEncrypt*"}, "principals": []any{object{"type": "*", "identifiers": []any{"*"}}}},
		object{"actions": []any{"sts:AssumeRole"}, "principals": []any{
			object{"type": "Service", "identifiers": []any{"ec2.amazonaws.com"}}, object{"type": "AWS", "identifiers": []any{"a", "b"}},
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), plain(m).str("json")+"\n"); d != "" {
		t.Error(d)
	}
}

func TestGetParameter(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	const name = "/aws/service/eks/optimized-ami/1.37/amazon-linux-2023/x86_64/standard/recommended/image_id"
	first, err := h.invoke("aws:ssm/getParameter:getParameter", object{"name": name})
	wantError(t, err, "")
	again, err := h.invoke("aws:ssm/getParameter:getParameter", object{"name": name})
	wantError(t, err, "")
	if d := cmp.Diff(first, again); d != "" {
		t.Error(d)
	}
	_, err = h.invoke("aws:ssm/getParameter:getParameter", object{"name": "/mine"})
	wantError(t, err, "ParameterNotFound")
}
