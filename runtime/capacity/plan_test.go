package capacity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func shape(t *testing.T, name string) Shape {
	t.Helper()
	s, ok := LookupShape(name)
	if !ok {
		t.Fatalf("%s is not in the catalogue", name)
	}
	return s
}

func TestNewOnMeasuredShapes(t *testing.T) {
	for _, tc := range []struct {
		name        string
		shape       string
		enclave     Enclave
		n           int
		reservation Reservation
		pod, node   map[string]string
	}{
		{"the smallest x86", "m5.xlarge", Enclave{CPUs: 2, MemoryMiB: 2048}, 1, Allocator,
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "1", "aws.ec2.nitro/nitro_enclaves_cpus": "2", "hugepages-1Gi": "2Gi"},
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "1", "aws.ec2.nitro/nitro_enclaves_cpus": "2", "hugepages-1Gi": "2Gi", "cpu": "1920m", "memory": "12114Mi"}},
		{"a mixed split that divides", "m5.2xlarge", Enclave{CPUs: 2, MemoryMiB: 1280}, 3, Allocator,
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "1", "aws.ec2.nitro/nitro_enclaves_cpus": "2", "hugepages-1Gi": "1Gi", "hugepages-2Mi": "256Mi"},
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "3", "aws.ec2.nitro/nitro_enclaves_cpus": "6", "hugepages-1Gi": "3Gi", "hugepages-2Mi": "768Mi", "cpu": "1910m", "memory": "25477Mi"}},
		{"2Mi pages by wish", "m5.2xlarge", Enclave{CPUs: 2, MemoryMiB: 512}, 2, Direct,
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "1", "aws.ec2.nitro/nitro_enclaves_cpus": "2", "hugepages-2Mi": "512Mi"},
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "2", "aws.ec2.nitro/nitro_enclaves_cpus": "4", "hugepages-2Mi": "1Gi", "cpu": "3910m", "memory": "28293Mi"}},
		{"the smallest Graviton", "c6g.large", Enclave{CPUs: 1, MemoryMiB: 512}, 1, "",
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "1", "aws.ec2.nitro/nitro_enclaves_cpus": "1", "hugepages-32Mi": "512Mi"},
			map[string]string{"aws.ec2.nitro/nitro_enclaves": "1", "aws.ec2.nitro/nitro_enclaves_cpus": "1", "hugepages-32Mi": "512Mi", "cpu": "930m", "memory": "2602Mi"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := New(Request{Shape: shape(t, tc.shape), Enclave: tc.enclave, EnclavesPerNode: tc.n, Reservation: tc.reservation})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.pod, p.PodResources()); diff != "" {
				t.Error("pod", diff)
			}
			if diff := cmp.Diff(tc.node, p.NodeResources()); diff != "" {
				t.Error("node", diff)
			}
		})
	}
}

func TestPlanHasItsChoicesMade(t *testing.T) {
	r := Request{Shape: shape(t, "m6g.xlarge"), Enclave: Enclave{CPUs: 1, MemoryMiB: 1024}, EnclavesPerNode: 2}
	for _, tc := range []struct {
		reservation Reservation
		memory      int
		size        PageSize
		want        PageSize
		wantIs      Reservation
	}{
		{"", 1024, "", "", Allocator},
		{Direct, 1024, "", Page1Gi, Direct},
		{Direct, 512, "", Page2Mi, Direct},
		{Direct, 512, Page32Mi, Page32Mi, Direct},
		{Direct, 1024, Page2Mi, Page2Mi, Direct},
	} {
		r.Reservation, r.Enclave.MemoryMiB, r.PageSize = tc.reservation, tc.memory, tc.size
		p, err := New(r)
		if err != nil {
			t.Fatal(err)
		}
		if p.Request.PageSize != tc.want || p.Request.Reservation != tc.wantIs {
			t.Errorf("%+v: got %q pages with %q", tc, p.Request.PageSize, p.Request.Reservation)
		}
	}
}

// TestSeedCorrections holds the mistakes of the upstream guide, as our facts list
// them, to what is really possible.
func TestSeedCorrections(t *testing.T) {
	guide := Enclave{CPUs: 2, MemoryMiB: 512}
	// cpu_count 4 does not fit any xlarge.
	for _, name := range []string{"m5.xlarge", "c5.xlarge", "r5.xlarge"} {
		if got := shape(t, name).MaxPool(); got != 2 {
			t.Errorf("%s: pool of %d", name, got)
		}
	}
	// 4 slots are not 4 enclaves: the guide's 4 CPUs hold 2, and its 2048 MiB are
	// two pages of 1 GiB whatever the pods ask for.
	if got := Split(X8664, 2048); !cmp.Equal(got, []Pages{{Page1Gi, 2}}) {
		t.Errorf("2048 MiB are %v", got)
	}
	s := shape(t, "m5.2xlarge")
	if got := MaxEnclaves(s, guide, Allocator, ""); got != 1 {
		t.Errorf("%d enclaves with the allocator", got)
	}
	if got := MaxEnclaves(s, guide, Direct, ""); got != 3 {
		t.Errorf("%d enclaves with direct pages", got)
	}
	if got := MaxEnclaves(shape(t, "m5.xlarge"), guide, Direct, Page2Mi); got != 1 {
		t.Errorf("%d enclaves on an xlarge", got)
	}
}

func TestRefusals(t *testing.T) {
	m5x, m52x := shape(t, "m5.xlarge"), shape(t, "m5.2xlarge")
	one := Enclave{CPUs: 2, MemoryMiB: 1024}
	for _, tc := range []struct {
		name string
		in   Request
		want []string
	}{
		{"CPU 0's core", Request{Shape: m5x, Enclave: Enclave{CPUs: 4, MemoryMiB: 1024}, EnclavesPerNode: 1},
			[]string{"enclaveCpus (4): m5.xlarge can set aside at most 2 of its 4 vCPUs, because CPU 0's core stays with the host; use 2, or an instance type with at least 6 vCPUs such as m5.2xlarge"}},
		{"the pool of several", Request{Shape: m5x, Enclave: one, EnclavesPerNode: 2},
			[]string{"enclavesPerNode (2): 2 enclaves take 4 CPUs, but m5.xlarge can set aside at most 2 of its 4 vCPUs, because CPU 0's core stays with the host; use 1, or an instance type with at least 6 vCPUs such as m5.2xlarge"}},
		{"half a core", Request{Shape: m52x, Enclave: Enclave{CPUs: 3, MemoryMiB: 1024}, EnclavesPerNode: 1},
			[]string{"enclaveCpus (3): must be a multiple of 2 on m5.2xlarge, because an enclave gets whole cores of 2 threads; use 4"}},
		{"one NUMA node", Request{Shape: shape(t, "m5.24xlarge"), Enclave: Enclave{CPUs: 64, MemoryMiB: 1024}, EnclavesPerNode: 1},
			[]string{"enclaveCpus (64): m5.24xlarge can set aside at most 48 of its 96 vCPUs, because they must all come from one of its 2 NUMA nodes; use 48"}},
		{"slots that do not share a page", Request{Shape: m52x, Enclave: Enclave{CPUs: 2, MemoryMiB: 512}, EnclavesPerNode: 2},
			[]string{`enclaveMemoryMib (512): the allocator reserves 1x1Gi for the 1024 MiB of 2 enclaves, which cannot be shared out as 256x2Mi each; use 1024, enclavesPerNode 1, or reservation "direct"`}},
		{"a page size for the allocator", Request{Shape: m52x, Enclave: one, EnclavesPerNode: 1, PageSize: Page2Mi},
			[]string{`pageSize ("2Mi"): cannot be chosen with AWS's allocator, which splits the total itself; leave it out, or use reservation "direct"`}},
		{"a page size of another architecture", Request{Shape: m52x, Enclave: one, EnclavesPerNode: 1, Reservation: Direct, PageSize: Page32Mi},
			[]string{`pageSize ("32Mi"): is not a hugepage size of enclaves on x86_64; use "1Gi"`}},
		{"a page size that does not divide", Request{Shape: m52x, Enclave: Enclave{CPUs: 2, MemoryMiB: 512}, EnclavesPerNode: 2, Reservation: Direct, PageSize: Page1Gi},
			[]string{`pageSize ("1Gi"): must divide the enclave's 512 MiB; use "2Mi", or enclaveMemoryMib 1024`}},
		{"the image", Request{Shape: m52x, Enclave: Enclave{CPUs: 2, MemoryMiB: 512, ImageMiB: 200}, EnclavesPerNode: 1},
			[]string{"enclaveMemoryMib (512): must be at least 800, 4 times the image's 200 MiB, for it to be unpacked; use 800"}},
		{"more memory than there is", Request{Shape: m52x, Enclave: Enclave{CPUs: 2, MemoryMiB: 40000}, EnclavesPerNode: 1},
			[]string{"enclaveMemoryMib (40000): m5.2xlarge can set aside at most 28293 of its 32768 MiB, because its system and kubelet take 3451 and the host's pods need 1024; use 27648, or an instance type that can set aside 40000 MiB such as m5.4xlarge"}},
		{"several of them", Request{Shape: m52x, Enclave: Enclave{CPUs: 2, MemoryMiB: 20480}, EnclavesPerNode: 3},
			[]string{"enclavesPerNode (3): 3 enclaves take 61440 MiB, but m5.2xlarge can set aside at most 28293 of its 32768 MiB, because its system and kubelet take 3451 and the host's pods need 1024; use 1, enclaveMemoryMib 9216, or an instance type that can set aside 61440 MiB such as m5.8xlarge"}},
		{"memory of one NUMA node", Request{Shape: shape(t, "m5.24xlarge"), Enclave: Enclave{CPUs: 2, MemoryMiB: 196608}, EnclavesPerNode: 1},
			[]string{"enclaveMemoryMib (196608): m5.24xlarge can set aside at most 181862 of its 393216 MiB, because it must all come from one of its 2 NUMA nodes; use 181248, or an instance type that can set aside 196608 MiB such as r5.8xlarge"}},
		{"a type without enclaves", Request{Shape: Shape{InstanceType: "t3.xlarge"}, Enclave: one, EnclavesPerNode: 2},
			[]string{`instanceType ("t3.xlarge"): cannot run Nitro Enclaves: AWS excepts the t3 family from Nitro Enclaves; use "m5.2xlarge", "m5a.2xlarge", or "m5d.2xlarge"`}},
		{"a type that the table says no to", Request{Shape: Shape{InstanceType: "c7gn.2xlarge"}, Enclave: one, EnclavesPerNode: 1},
			[]string{`instanceType ("c7gn.2xlarge"): cannot run Nitro Enclaves by the table of instance types (` + TableSource + `); use "c7g.2xlarge", "c7gd.2xlarge", or "c6gn.2xlarge"`}},
		{"a type that is refused, and not because of its name", Request{Shape: Shape{InstanceType: "m7i.xlarge", Refusal: "is not sold here"}, Enclave: Enclave{CPUs: 2, MemoryMiB: 1023}, EnclavesPerNode: 1},
			[]string{
				`instanceType ("m7i.xlarge"): is not sold here; use "m7i.2xlarge", "m7a.xlarge", or "m6i.xlarge"`,
				"enclaveMemoryMib (1023): must be a multiple of 2, the smallest hugepage of an enclave; use 1024",
			}},
		{"a type that EC2 knows and the table does not", Request{Shape: Shape{"g9x.2xlarge", X8664, 8, 2, 1, 65536, 0, "is not sold here"}, Enclave: one, EnclavesPerNode: 1},
			[]string{`instanceType ("g9x.2xlarge"): is not sold here; use "r8a.2xlarge", "r8i.2xlarge", or "r8ib.2xlarge"`}},
		{"a misspelt type", Request{Shape: Shape{InstanceType: "m5.2xlagre"}, Enclave: one, EnclavesPerNode: 1},
			[]string{`instanceType ("m5.2xlagre"): is not in the table of instance types (` + TableSource + `), so instanceShape must describe it; use "m5.2xlarge"`}},
		{"a misspelt type that is too small", Request{Shape: Shape{InstanceType: "m5.xlagre"}, Enclave: Enclave{CPUs: 4, MemoryMiB: 1024}, EnclavesPerNode: 1},
			[]string{`instanceType ("m5.xlagre"): is not in the table of instance types (` + TableSource + `), so instanceShape must describe it; use "m5.2xlarge", "m5a.2xlarge", or "m5d.2xlarge"`}},
		{"a type nobody knows", Request{Shape: Shape{InstanceType: "standard"}, Enclave: one, EnclavesPerNode: 1},
			[]string{`instanceType ("standard"): is not in the table of instance types (` + TableSource + `), so instanceShape must describe it; use "m5.xlarge", "m5a.xlarge", or "m5d.xlarge"`}},
		{"everything, once", Request{Shape: m5x, Enclave: Enclave{MemoryMiB: 3, ImageMiB: -4}, Reservation: "foo", PageSize: "bar", EnclavesPerNode: 9},
			[]string{
				`reservation ("foo"): must be "allocator" or "direct"; use "allocator"`,
				`pageSize ("bar"): cannot be chosen with AWS's allocator, which splits the total itself; leave it out`,
				"imageSizeMib (-4): must be the size of the image file in MiB, or 0 when it is not known; use 0",
				"enclavesPerNode (9): must be 1 to 4, EC2's limit of enclaves on an instance; use 1",
				"enclaveCpus (0): must be positive, because an enclave has cores of its own; use 2",
				"enclaveMemoryMib (3): must be at least 64, the least that an enclave starts with; use 512",
			}},
		{"no follow-on of a wrong shape", Request{Shape: Shape{Architecture: X8664, VCPUs: 2, ThreadsPerCore: 2, NUMANodes: 1, MemoryMiB: 8192}, Enclave: Enclave{CPUs: 4, MemoryMiB: 99998}, EnclavesPerNode: 0},
			[]string{
				"instanceShape.vcpus (2): must be at least 4 for Nitro Enclaves; use an instance type with 4 vCPUs or more",
				"enclavesPerNode (0): must be 1 to 4, EC2's limit of enclaves on an instance; use 1",
			}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := New(tc.in)
			if err == nil {
				t.Fatal("accepted")
			}
			lines := strings.Split(err.Error(), "\n  - ")
			if len(lines) > 1 {
				lines = lines[1:]
			}
			if diff := cmp.Diff(tc.want, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}
