package capacity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		mib      int
		x86, arm string
	}{
		{64, "32x2Mi", "2x32Mi"},
		{512, "256x2Mi", "16x32Mi"},
		{514, "257x2Mi", "16x32Mi + 1x2Mi"},
		{768, "384x2Mi", "24x32Mi"},
		{1024, "1x1Gi", "1x1Gi"},
		{1536, "1x1Gi + 256x2Mi", "1x1Gi + 16x32Mi"},
		{2048, "2x1Gi", "2x1Gi"},
		{2560, "2x1Gi + 256x2Mi", "2x1Gi + 16x32Mi"},
		{2600, "2x1Gi + 276x2Mi", "2x1Gi + 17x32Mi + 4x2Mi"},
	} {
		if diff := cmp.Diff([]string{tc.x86, tc.arm}, []string{describe(Split(X8664, tc.mib)), describe(Split(ARM64, tc.mib))}); diff != "" {
			t.Errorf("%d MiB: %s", tc.mib, diff)
		}
	}
}

func TestQuantityAndResource(t *testing.T) {
	for in, want := range map[Pages]string{
		{Page1Gi, 2}: "2Gi", {Page2Mi, 256}: "512Mi", {Page2Mi, 512}: "1Gi",
		{Page32Mi, 16}: "512Mi", {Page1Gi, 1024}: "1Ti", {Page2Mi, 0}: "0Mi",
	} {
		if got := in.Quantity(); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
	if Page32Mi.Resource() != "hugepages-32Mi" || PageSize("64Ki").MiB() != 0 {
		t.Error("page sizes are misspelt")
	}
}

func TestKubeReserved(t *testing.T) {
	for vcpus, want := range map[int]int{1: 60, 2: 70, 3: 75, 4: 80, 5: 83, 8: 90, 16: 110, 96: 310} {
		if got := kubeReservedCPUMillis(vcpus); got != want {
			t.Errorf("%d vCPUs: got %dm, want %dm", vcpus, got, want)
		}
	}
	if got := kubeReservedMemoryMiB(110); got != 1465 {
		t.Errorf("110 pods: got %d MiB", got)
	}
}

func TestPodLimit(t *testing.T) {
	for _, tc := range []struct{ vcpus, maxPods, want int }{
		{2, 0, 110}, {4, 0, 118}, {16, 0, 394}, {96, 0, 1514}, {96, 110, 110}, {4, 58, 58},
	} {
		if got := (Shape{VCPUs: tc.vcpus, MaxPods: tc.maxPods}).PodLimit(); got != tc.want {
			t.Errorf("%+v: got %d", tc, got)
		}
	}
	if got := (Shape{InstanceType: "c7gn.4xlarge", VCPUs: 16}).PodLimit(); got != 234 {
		t.Errorf("a type of the table: got %d", got)
	}
}

func TestLookupShape(t *testing.T) {
	for _, want := range []Shape{
		{"m5.xlarge", X8664, 4, 2, 1, 16384, 58, ""},
		{"c5.xlarge", X8664, 4, 2, 1, 8192, 58, ""},
		{"r5.xlarge", X8664, 4, 2, 1, 32768, 58, ""},
		{"c5.9xlarge", X8664, 36, 2, 1, 73728, 234, ""},
		{"c5.18xlarge", X8664, 72, 2, 2, 147456, 737, ""},
		{"m5.24xlarge", X8664, 96, 2, 2, 393216, 737, ""},
		{"m6i.32xlarge", X8664, 128, 2, 4, 524288, 737, ""},
		{"c6a.48xlarge", X8664, 192, 2, 4, 393216, 737, ""},
		{"c6g.large", ARM64, 2, 1, 1, 4096, 29, ""},
		{"c7g.16xlarge", ARM64, 64, 1, 1, 131072, 737, ""},
		{"m7g.xlarge", ARM64, 4, 1, 1, 16384, 58, ""},
		{"m7i.2xlarge", X8664, 8, 2, 1, 32768, 58, ""},
		{"c8a.large", X8664, 2, 1, 1, 4096, 59, ""},
		{"r8g.48xlarge", ARM64, 192, 1, 4, 1572864, 737, ""},
		{"m8i.96xlarge", X8664, 384, 2, 8, 1572864, 1514, ""},
		{"x2iedn.xlarge", X8664, 4, 2, 1, 131072, 58, ""},
		{"m5a.8xlarge", X8664, 32, 2, 2, 131072, 234, ""},
		{"r5ad.24xlarge", X8664, 96, 2, 8, 786432, 737, ""},
		// Two network cards, of which only the first counts.
		{"m6in.32xlarge", X8664, 128, 2, 4, 524288, 394, ""},
	} {
		got, _ := LookupShape(want.InstanceType)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, name := range []string{"", "m5", "m5.", "m5.large", "c5.8xlarge", "m5.metal", "m6g.medium", "c7gn.xlarge", "m7i-flex.xlarge", "c7a.large", "t3.xlarge"} {
		if _, ok := LookupShape(name); ok {
			t.Errorf("%q is in the catalogue", name)
		}
	}
}

func TestCatalogueIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Catalogue() {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		if seen[s.InstanceType] {
			t.Errorf("%s is twice in the catalogue", s.InstanceType)
		}
		seen[s.InstanceType] = true
		family, _, _ := strings.Cut(s.InstanceType, ".")
		if a := architectureOf(family); a != s.Architecture {
			t.Errorf("%s reads as %s", s.InstanceType, a)
		}
		if MaxEnclaves(s, Enclave{CPUs: s.ThreadsPerCore, MemoryMiB: 512}, Allocator, "") < 1 {
			t.Errorf("%s holds no enclave", s.InstanceType)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for _, name := range []string{"t2.xlarge", "t3.2xlarge", "t3a.xlarge", "t4g.large", "a1.xlarge", "m5.metal", "c7i.metal-24xl", "m4.xlarge", "x1e.xlarge", "c5.large", "m7i-flex.large", "m7a.medium", "c6g.medium"} {
		if reason, yes := Unsupported(name); !yes || reason == "" {
			t.Errorf("%s: got %q, %v", name, reason, yes)
		}
	}
	for _, name := range []string{"m5.xlarge", "c6g.large", "c7gn.large", "im4gn.large", "m7g.xlarge", "g5.xlarge", "m9x.2xlarge", "m9x.large", "c8a.large", "c7a.large", "c7gn.xlarge", "", "m5"} {
		if reason, yes := Unsupported(name); yes {
			t.Errorf("%s: %s", name, reason)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Shape{"", X8664, 8, 2, 1, 32768, 0, ""}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, tc := range []struct {
		in   Shape
		want string
	}{
		{Shape{"", "x86-64", 8, 2, 1, 32768, 0, ""}, `instanceShape.architecture ("x86-64"): must be an architecture with Nitro Enclaves; use "x86_64" or "arm64"`},
		{Shape{"", X8664, 2, 2, 1, 32768, 0, ""}, "instanceShape.vcpus (2): must be at least 4 for Nitro Enclaves; use an instance type with 4 vCPUs or more"},
		{Shape{"", X8664, 1, 1, 1, 32768, 0, ""}, "instanceShape.vcpus (1): must be at least 2 for Nitro Enclaves; use an instance type with 2 vCPUs or more"},
		{Shape{"", ARM64, 1, 1, 1, 32768, 0, ""}, "instanceShape.vcpus (1): must be at least 2 for Nitro Enclaves; use an instance type with 2 vCPUs or more"},
		{Shape{"", X8664, 7, 2, 1, 32768, 0, ""}, "instanceShape.vcpus (7): must be a multiple of threadsPerCore (2); use 8"},
		{Shape{"", X8664, 8, 3, 1, 32768, 0, ""}, "instanceShape.threadsPerCore (3): must be 1 or 2; use 2 for most x86_64 types, 1 for arm64"},
		{Shape{"", X8664, 8, 2, 0, 32768, 0, ""}, "instanceShape.numaNodes (0): must divide the 4 cores evenly; use 1"},
		{Shape{"", X8664, 128, 2, 3, 32768, 0, ""}, "instanceShape.numaNodes (3): must divide the 64 cores evenly; use 4"},
		{Shape{"", X8664, 8, 2, 1, 0, 0, ""}, "instanceShape.memoryMib (0): must be the instance's memory in MiB; use 16384 for 16 GiB"},
		{Shape{"", X8664, 8, 2, 1, 32768, -1, ""}, "instanceShape.maxPods (-1): must not be negative or absurdly large; use 0 when it is not known"},
		{Shape{InstanceType: "m5.metal"}, `instanceType ("m5.metal"): cannot run Nitro Enclaves: bare metal has no hypervisor to make an enclave with; use a type that supports them, such as m5.24xlarge`},
		{Shape{InstanceType: "c7gn.2xlarge"}, `instanceType ("c7gn.2xlarge"): cannot run Nitro Enclaves by the table of instance types (` + TableSource + `); use a type that supports them, such as c7g.2xlarge`},
		{Shape{InstanceType: "m5.2xlagre"}, `instanceType ("m5.2xlagre"): is not in the table of instance types (` + TableSource + `), so instanceShape must describe it; use a type that supports them, such as m5.2xlarge`},
		{Shape{"m7i.2xlarge", X8664, 8, 2, 1, 32768, 0, "is not sold here"}, `instanceType ("m7i.2xlarge"): is not sold here; use a type that supports them, such as m7i.4xlarge`},
	} {
		err := tc.in.Validate()
		if err == nil {
			t.Errorf("accepted %+v", tc.in)
			continue
		}
		if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
			t.Error(diff)
		}
	}
}
