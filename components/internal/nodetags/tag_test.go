package nodetags

import (
	"strings"
	"testing"
)

func TestTags(t *testing.T) {
	ok := func(tag Tag, err error) Tag {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return tag
	}
	for _, tc := range []struct {
		got        Tag
		key, value string
	}{
		{Enabled(), "k8s.io/cluster-autoscaler/enabled", "true"},
		{ok(Owned("prod_1-a")), "k8s.io/cluster-autoscaler/prod_1-a", "owned"},
		{ok(Resource("aws.ec2.nitro/nitro_enclaves_cpus", "6")), "k8s.io/cluster-autoscaler/node-template/resources/aws.ec2.nitro/nitro_enclaves_cpus", "6"},
		{ok(Resource("hugepages-1Gi", "3Gi")), "k8s.io/cluster-autoscaler/node-template/resources/hugepages-1Gi", "3Gi"},
		{ok(Resource("cpu", "1910m")), "k8s.io/cluster-autoscaler/node-template/resources/cpu", "1910m"},
		{ok(Label("aws-nitro-enclaves-k8s-dp", "enabled")), "k8s.io/cluster-autoscaler/node-template/label/aws-nitro-enclaves-k8s-dp", "enabled"},
		{ok(Label("example.com/empty", "")), "k8s.io/cluster-autoscaler/node-template/label/example.com/empty", ""},
		{ok(Taint("example.com/enclave", "true", "NoSchedule")), "k8s.io/cluster-autoscaler/node-template/taint/example.com/enclave", "true:NoSchedule"},
	} {
		if want := (Tag{tc.key, tc.value}); tc.got != want {
			t.Errorf("got %+v, want %+v", tc.got, want)
		}
	}
}

func TestRefusedTags(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func() (Tag, error)
		want string
	}{
		{"a unit that people write", func() (Tag, error) { return Resource("hugepages-2Mi", "2048MiB") }, `"2048MiB" of hugepages-2Mi is not a Kubernetes quantity`},
		{"a space in a quantity", func() (Tag, error) { return Resource("memory", "2 Gi") }, "is not a Kubernetes quantity"},
		{"no quantity", func() (Tag, error) { return Resource("memory", "") }, "is not a Kubernetes quantity"},
		{"EKS's spelling of an effect", func() (Tag, error) { return Taint("k", "v", "NO_SCHEDULE") }, `the effect "NO_SCHEDULE" of the taint k`},
		{"no effect", func() (Tag, error) { return Taint("k", "v", "") }, `the effect ""`},
		{"a long key", func() (Tag, error) { return Label("example.com/"+strings.Repeat("a", 71), "") }, "has 129 characters, and AWS takes 128"},
		{"a long value", func() (Tag, error) { return Label("k", strings.Repeat("a", 257)) }, "has 257 characters, and AWS takes 256"},
		{"a character in a key", func() (Tag, error) { return Owned("a*b") }, `has '*' in "k8s.io/cluster-autoscaler/a*b"`},
		{"a character in a value", func() (Tag, error) { return Label("k", "a,b") }, `has ',' in "a,b"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := tc.make(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestLongestKeys: AWS's limit holds a label of 82 characters and the longest
// name of an EKS cluster (100).
func TestLongestKeys(t *testing.T) {
	if _, err := Label("example.com/"+strings.Repeat("a", 70), "x"); err != nil {
		t.Error(err)
	}
	if _, err := Owned(strings.Repeat("a", 100)); err != nil {
		t.Error(err)
	}
}
