package instance

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

var (
	xlarge  = Shape{VCPUs: 4, ThreadsPerCore: 2, NUMANodes: 1, MemoryMiB: 16384, MaxPods: 58}
	xlarge2 = Shape{VCPUs: 8, ThreadsPerCore: 2, NUMANodes: 1, MemoryMiB: 32768, MaxPods: 58}
	arm     = Shape{ARM: true, VCPUs: 4, ThreadsPerCore: 1, NUMANodes: 1, MemoryMiB: 8192, MaxPods: 58}
	sockets = Shape{VCPUs: 96, ThreadsPerCore: 2, NUMANodes: 2, MemoryMiB: 393216, MaxPods: 737}
)

const gi, mi = 1 << 20, 1 << 10

func userData(script string) string {
	document := "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"==B==\"\r\n\r\n" +
		"--==B==\r\nContent-Type: application/node.eks.aws\r\n\r\nkind: NodeConfig\r\n" +
		"--==B==\r\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\r\n\r\n" + script +
		"\r\n--==B==--\r\n"
	return base64.StdEncoding.EncodeToString([]byte(document))
}

func TestParseUserData(t *testing.T) {
	script := "#!/bin/bash\nset -e\nreadonly RESERVATION=allocator\nreadonly CPU_COUNT=2\nreadonly MEMORY_MIB=1024\n" +
		"cat >/etc/nitro_enclaves/allocator.yaml <<'CONFIG'\n---\nmemory_mib: 1024\ncpu_count: 2\nCONFIG\necho done\n"
	tests := map[string]struct {
		data string
		want Reservation
		err  string
	}{
		"none": {},
		"allocator": {data: userData(script), want: Reservation{
			Mode: "allocator", CPUCount: 2, MemoryMiB: 1024, Allocator: "---\nmemory_mib: 1024\ncpu_count: 2\n",
		}},
		"direct": {
			data: userData("readonly RESERVATION=direct\nreadonly CPU_COUNT=4\nreadonly MEMORY_MIB=512\nreadonly PAGE_KIB=2048\n"),
			want: Reservation{Mode: "direct", CPUCount: 4, MemoryMiB: 512, PageKiB: 2048},
		},
		"somebody else's": {data: userData("#!/bin/sh\necho hello\n")},
		"not base64":      {data: "#!/bin/sh", err: "not base64"},
		"not multipart":   {data: base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\n")), err: "not a MIME document"},
		"not a number":    {data: userData("readonly CPU_COUNT=$(nproc)\n"), err: "CPU_COUNT is not a number"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseUserData(tt.data)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestParseAllocator has the rows that were seen with the real script.
func TestParseAllocator(t *testing.T) {
	tests := map[string]struct {
		text string
		want string // "" is a refusal
	}{
		"as it should be":        {"---\nmemory_mib: 1024\ncpu_count: 2\n", "1024 2 []"},
		"pool":                   {"---\nmemory_mib: 1024\ncpu_pool: 2,3,6-7\n", "1024 0 [2 3 6 7]"},
		"no leading dashes":      {"memory_mib: 1024\ncpu_count: 2\n", ""},
		"last newline missing":   {"---\nmemory_mib: 1024\ncpu_count: 2", ""},
		"blank line":             {"---\n\nmemory_mib: 1024\ncpu_count: 2\n", ""},
		"unknown key":            {"---\nmemory_mib: 1024\ncpu_count: 2\nfoo: 1\n", ""},
		"list form":              {"---\n- memory_mib: 1024\n  cpu_count: 2\n", ""},
		"comment behind a value": {"---\nmemory_mib: 1024\ncpu_count: 4 # four\n", ""},
		"both count and pool":    {"---\nmemory_mib: 1024\ncpu_count: 2\ncpu_pool: 2,3\n", ""},
		"neither count nor pool": {"---\nmemory_mib: 1024\n", ""},
		"no memory":              {"---\ncpu_count: 2\n", ""},
		"a pool that is no list": {"---\nmemory_mib: 1024\ncpu_pool: 2-x\n", ""},
		"empty":                  {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := parseAllocator(tt.text)
			got := fmt.Sprint(c.memoryMiB, c.cpuCount, c.cpuPool)
			if err != nil {
				got = ""
			}
			if got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	tests := []struct {
		mib      int
		x86, arm map[int]int
	}{
		{512, map[int]int{2 * mi: 256}, map[int]int{32 * mi: 16}},
		{768, map[int]int{2 * mi: 384}, map[int]int{32 * mi: 24}},
		{1024, map[int]int{gi: 1}, map[int]int{gi: 1}},
		{1536, map[int]int{gi: 1, 2 * mi: 256}, map[int]int{gi: 1, 32 * mi: 16}},
		{2048, map[int]int{gi: 2}, map[int]int{gi: 2}},
		{2560, map[int]int{gi: 2, 2 * mi: 256}, map[int]int{gi: 2, 32 * mi: 16}},
		{513, map[int]int{2 * mi: 257}, map[int]int{32 * mi: 16, 2 * mi: 1}},
	}
	for _, tt := range tests {
		for name, c := range map[string]struct {
			shape Shape
			want  map[int]int
		}{"x86": {xlarge, tt.x86}, "arm": {arm, tt.arm}} {
			got, err := split(c.shape, tt.mib)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%d MiB on %s: %v %s", tt.mib, name, err, diff)
			}
		}
	}
	if _, err := split(xlarge, 16384); err == nil {
		t.Error("all of the memory can be hugepages")
	}
}

func allocatorFile(mib, cpus int) Reservation {
	return Reservation{Mode: "allocator", Allocator: fmt.Sprintf("---\nmemory_mib: %d\ncpu_count: %d\n", mib, cpus)}
}

func TestBoot(t *testing.T) {
	pool := func(list string) Reservation {
		return Reservation{Mode: "allocator", Allocator: "---\nmemory_mib: 1024\ncpu_pool: " + list + "\n"}
	}
	tests := map[string]struct {
		shape   Shape
		r       Reservation
		off     bool
		cpus    int
		pages   map[int]int
		refused string
	}{
		"nothing asked":        {shape: xlarge},
		"ordinary":             {shape: xlarge, r: allocatorFile(1024, 2), cpus: 2, pages: map[int]int{gi: 1}},
		"all but one core":     {shape: xlarge2, r: allocatorFile(2048, 6), cpus: 6, pages: map[int]int{gi: 2}},
		"enclave options off":  {shape: xlarge, r: allocatorFile(1024, 2), off: true, refused: "EnclaveOptions"},
		"the upstream guide":   {shape: xlarge, r: allocatorFile(2048, 4), refused: "core of CPU 0"},
		"half a core":          {shape: xlarge2, r: allocatorFile(1024, 3), refused: "full cores"},
		"arm takes any number": {shape: arm, r: allocatorFile(1024, 3), cpus: 3, pages: map[int]int{gi: 1}},
		"arm keeps one":        {shape: arm, r: allocatorFile(1024, 4), refused: "core of CPU 0"},
		"a whole socket":       {shape: sockets, r: allocatorFile(1024, 48), cpus: 48, pages: map[int]int{gi: 1}},
		"over two sockets":     {shape: sockets, r: allocatorFile(1024, 50), refused: "NUMA"},
		"a broken file":        {shape: xlarge, r: Reservation{Mode: "allocator", Allocator: "memory_mib: 1\n"}, refused: "---"},
		"a pool":               {shape: xlarge2, r: pool("1,5,2,6"), cpus: 4, pages: map[int]int{gi: 1}},
		"a pool of half cores": {shape: xlarge2, r: pool("1,2"), refused: "whole"},
		"a pool with CPU 0":    {shape: xlarge2, r: pool("0,4"), refused: "CPU 0"},
		"a pool on two nodes":  {shape: sockets, r: pool("1,49,30,78"), refused: "NUMA"},
		"direct": {
			shape: xlarge, r: Reservation{Mode: "direct", CPUCount: 2, MemoryMiB: 1024, PageKiB: 2048},
			cpus: 2, pages: map[int]int{2 * mi: 512},
		},
		"direct, odd size":    {shape: xlarge, r: Reservation{Mode: "direct", CPUCount: 2, MemoryMiB: 1023, PageKiB: 2048}, refused: "whole number"},
		"direct, no such":     {shape: xlarge, r: Reservation{Mode: "direct", CPUCount: 2, MemoryMiB: 1024, PageKiB: 32768}, refused: "no pages"},
		"direct, too much":    {shape: xlarge, r: Reservation{Mode: "direct", CPUCount: 2, MemoryMiB: 16384, PageKiB: 2048}, refused: "more than"},
		"direct, half a core": {shape: xlarge, r: Reservation{Mode: "direct", CPUCount: 1, MemoryMiB: 1024, PageKiB: 2048}, refused: "full cores"},
		"unknown mode":        {shape: xlarge, r: Reservation{Mode: "magic"}, refused: "unknown"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := Boot(tt.shape, tt.r, !tt.off)
			if tt.pages == nil {
				tt.pages = map[int]int{}
			}
			if m.OfflineCPUs != tt.cpus || !cmp.Equal(m.Pages, tt.pages) {
				t.Errorf("%d CPUs and pages %v, want %d and %v", m.OfflineCPUs, m.Pages, tt.cpus, tt.pages)
			}
			if (m.Refused == "") != (tt.refused == "") || !strings.Contains(m.Refused, tt.refused) {
				t.Errorf("refused %q, want %q", m.Refused, tt.refused)
			}
		})
	}
}

func TestResources(t *testing.T) {
	m := Boot(xlarge2, allocatorFile(2560, 4), true)
	want := map[corev1.ResourceName][2]string{
		"cpu":               {"4", "3910m"},
		"memory":            {"30310Mi", "26757Mi"}, // less 2560, 893 and 100
		"pods":              {"58", "58"},
		"hugepages-1Gi":     {"2Gi", "2Gi"},
		"hugepages-2Mi":     {"512Mi", "512Mi"},
		"ephemeral-storage": {"80Gi", "80Gi"},
	}
	got := map[corev1.ResourceName][2]string{}
	capacity, allocatable := m.Capacity(), m.Allocatable()
	for name, quantity := range capacity {
		left := allocatable[name]
		got[name] = [2]string{quantity.String(), left.String()}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReservedMilliCPU(t *testing.T) {
	for cpus, want := range map[int]int64{2: 70, 4: 80, 8: 90, 16: 110, 96: 310} {
		if got := reservedMilliCPU(cpus); got != want {
			t.Errorf("%d CPUs: %d, want %d", cpus, got, want)
		}
	}
}
