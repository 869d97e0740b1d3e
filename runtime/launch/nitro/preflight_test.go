//go:build linux

package nitro

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

const (
	small      = "sys/kernel/mm/hugepages/hugepages-2048kB/"
	large      = "sys/kernel/mm/hugepages/hugepages-1048576kB/"
	localSmall = "sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages"
)

// node is /sys of a node with 4 CPUs in its pool, two of a core, and 128 MiB of hugepages.
func node() fstest.MapFS {
	root := fstest.MapFS{}
	for path, text := range map[string]string{
		cpuPool:                  "2-3,6-7",
		hostSiblings:             "0,4",
		cpuFolder + "cpu2/node0": "",
		cpuFolder + "cpu6/node0": "",
		cpuFolder + "cpu3/node0": "",
		cpuFolder + "cpu3/power": "",
		small + "free_hugepages": "64",
		small + "resv_hugepages": "0",
		large + "free_hugepages": "0",
		large + "resv_hugepages": "0",
		localSmall:               "64",
	} {
		set(root, path, text)
	}
	return root
}

func set(root fstest.MapFS, path, text string) {
	root[path] = &fstest.MapFile{Data: []byte(text + "\n")}
}

// realImage is an image that is in order.
func realImage(t *testing.T, a capacity.Architecture) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "enclave.eif")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	_, err = eif.Build(t.Context(), f, eif.Spec{
		Architecture: a, Kernel: blob.Bytes(content(3 << 20)), Cmdline: "reboot=k",
		Ramdisks: []eif.Content{blob.Bytes([]byte("bootstrap"))},
		Metadata: eif.Metadata{
			ImageName: "signer", ImageVersion: "1", DockerInfo: []byte("{}"),
			BuildMetadata: eif.BuildMetadata{BuildTime: eif.FormatTime(time.Unix(0, 0)), BuildTool: "test", BuildToolVersion: "0", OperatingSystem: "Linux", KernelVersion: "6"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPreflight has one thing wrong at a time, and wants one finding: the start of its
// line, and a part of its cure.
func TestPreflight(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*testing.T, *bench, fstest.MapFS)
		line   string
		cure   string
	}{
		"nothing": {func(*testing.T, *bench, fstest.MapFS) {}, "", ""},
		"no device": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.before = func(string) error { return unix.EACCES }
		}, "device: /dev/nitro_enclaves: permission denied; ", "supplementalGroups"},
		"seccomp": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.noSocket = unix.EPERM
		}, "seccomp: a socket of AF_VSOCK: operation not permitted; ", "RuntimeDefault does not"},
		"no vsock": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.noSocket = unix.EAFNOSUPPORT
		}, "vsock: a socket of AF_VSOCK: address family not supported by protocol; ", "load the module vsock"},
		"no image": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.Image = "/none.eif"
		}, "image: open /none.eif: no such file or directory; ", "in the pod's image"},
		"other file": {func(t *testing.T, b *bench, _ fstest.MapFS) {
			b.request.Image = imageOf(t, make([]byte, 1000))
		}, "image: ", "chamber eif verify"},
		"broken image": {func(t *testing.T, b *bench, _ fstest.MapFS) {
			spoil(t, b.request.Image)
		}, "image: ", "chamber eif verify"},
		"other architecture": {func(t *testing.T, b *bench, _ fstest.MapFS) {
			b.request.Image = realImage(t, capacity.ARM64)
		}, "image: PATH is for arm64, and this node is x86_64; ", "an image of the node's architecture"},
		"little memory": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.MemoryMiB = 62
		}, "memory: 62 MiB; the driver wants at least 64 (NE_MIN_ENCLAVE_MEM_SIZE); ", "at least 64 MiB"},
		"odd memory": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.MemoryMiB = 65
		}, "memory: 65 MiB; it must be a multiple of 2 MiB, the smallest page; ", "at least 66 MiB"},
		"no pages": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, small+"free_hugepages", "31")
		}, "hugepages: 64 MiB are wanted and 62 MiB can be had: 0 free of 1Gi; 31 free of 2Mi; ", "memory_mib"},
		"promised pages": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, small+"resv_hugepages", "60")
		}, "hugepages: 64 MiB are wanted and 8 MiB can be had: 0 free of 1Gi; 4 free of 2Mi; ", "who holds them"},
		"pages elsewhere": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, localSmall, "10")
		}, "hugepages: 64 MiB are wanted and 20 MiB can be had: 0 free of 1Gi; 10 free of 2Mi; ", "memory_mib"},
		"a larger page": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, small+"free_hugepages", "0")
			set(root, large+"free_hugepages", "1")
		}, "", ""},
		"limit of v2": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, "sys/fs/cgroup/hugetlb.2MB.max", "33554432")
			set(root, "sys/fs/cgroup/hugetlb.2MB.current", "2097152")
			set(root, "sys/fs/cgroup/hugetlb.1GB.max", "max")
		}, "hugepages: 64 MiB are wanted and 30 MiB can be had: 0 free of 1Gi; 64 free of 2Mi, of which the pod's limit leaves 15; ", "the container's limit of hugepages-*"},
		"reservations of v2": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, "sys/fs/cgroup/hugetlb.2MB.max", "max")
			set(root, "sys/fs/cgroup/hugetlb.2MB.rsvd.max", "0")
		}, "hugepages: 64 MiB are wanted and 0 MiB can be had: ", "the container's limit"},
		"limit of v1": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, "sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes", "2097152")
			set(root, "sys/fs/cgroup/hugetlb/hugetlb.2MB.usage_in_bytes", "4194304")
			set(root, "sys/fs/cgroup/hugetlb/hugetlb.1GB.limit_in_bytes", "9223372036854771712")
		}, "hugepages: 64 MiB are wanted and 0 MiB can be had: 0 free of 1Gi; 64 free of 2Mi, of which the pod's limit leaves 0; ", "the container's limit"},
		"reservations of v1": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, "sys/fs/cgroup/hugetlb/hugetlb.2MB.rsvd.limit_in_bytes", "4194304")
		}, "hugepages: 64 MiB are wanted and 4 MiB can be had: ", "the container's limit"},
		"a limit that will do": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, "sys/fs/cgroup/hugetlb.2MB.max", "67108864")
			set(root, "sys/fs/cgroup/hugetlb.1GB.max", "0")
		}, "", ""},
		"hidden pages": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			delete(root, small+"free_hugepages")
			delete(root, large+"free_hugepages")
		}, "", ""},
		"no CPU": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.CPUs = 0
		}, "cpus: 0 CPUs are wanted; ", "at least one core"},
		"no module": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			delete(root, cpuPool)
		}, "cpus: the node's CPU pool cannot be read: there is no /" + cpuPool + "; ", "load the module"},
		"an empty pool": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, cpuPool, "")
		}, `cpus: 2 CPUs are wanted and the node's pool has 0 (""); `, "at least 2 CPUs (cpu_count"},
		"a small pool": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.CPUs = 6
		}, `cpus: 6 CPUs are wanted and the node's pool has 4 ("2-3,6-7"); `, "at least 6 CPUs (cpu_count"},
		"less than a core": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.CPUs = 1
		}, "cpus: 1 CPUs are wanted and a core has 2 threads: an enclave gets whole cores; ", "ask for 2 CPUs"},
		"half a core": {func(_ *testing.T, b *bench, _ fstest.MapFS) {
			b.request.CPUs = 3
		}, "cpus: 3 CPUs are wanted and a core has 2 threads: an enclave gets whole cores; ", "ask for 2 or 4 CPUs"},
		"one thread a core": {func(_ *testing.T, b *bench, root fstest.MapFS) {
			b.request.CPUs = 3
			set(root, hostSiblings, "0")
		}, "", ""},
		"two NUMA nodes": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, cpuFolder+"cpu7/node1", "")
		}, "cpus: the node's pool has CPUs of the NUMA nodes 0 and 1; ", "one NUMA node"},
		"a strange pool": {func(_ *testing.T, _ *bench, root fstest.MapFS) {
			set(root, cpuPool, "0x3c")
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, root := newBench(t), node()
			b.Root, b.request.Image = root, realImage(t, capacity.X8664)
			c.change(t, b, root)
			found := b.Preflight(t.Context(), b.request)
			if c.line == "" {
				if found != nil {
					t.Errorf("found %v", found)
				}
				return
			}
			line := strings.ReplaceAll(c.line, "PATH", b.request.Image)
			if len(found) != 1 || !strings.HasPrefix(found[0].String(), line) || !strings.Contains(found[0].Cure, c.cure) {
				t.Errorf("found:\n%v\nwant %q with the cure %q", launch.Findings(found), line, c.cure)
			}
		})
	}
}

// spoil changes a byte in the middle of an image, so that only its checksum tells.
func spoil(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPreflightFindsAll has several things wrong at once, in the order of a launch.
func TestPreflightFindsAll(t *testing.T) {
	b := newBench(t)
	b.Root = fstest.MapFS{}
	b.before = func(string) error { return unix.ENOENT }
	b.noSocket = unix.EPERM
	var checks []string
	for _, f := range b.Preflight(t.Context(), launch.Request{Image: "none", MemoryMiB: 1, CPUs: 1}) {
		checks = append(checks, f.Check)
	}
	if got := strings.Join(checks, " "); got != "device seccomp image memory cpus" {
		t.Errorf("found %s", got)
	}
}

func TestPreflightStops(t *testing.T) {
	b := newBench(t)
	b.Root, b.request.Image = node(), realImage(t, capacity.X8664)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	found := b.Preflight(ctx, b.request)
	if len(found) != 1 || found[0].Check != "image" || !strings.Contains(found[0].Problem, "context canceled") {
		t.Errorf("found %v", found)
	}
}

// TestImageMemoryRatio wants four times the image.
func TestImageMemoryRatio(t *testing.T) {
	for _, c := range []struct {
		mib   int
		bytes int64
		cure  string
	}{
		{64, 16 << 20, ""},
		{64, 16<<20 + 1, "give the enclave at least 66 MiB"},
		{398, 100 << 20, "give the enclave at least 400 MiB"},
		{400, 100 << 20, ""},
		{401, 100 << 20, "give the enclave at least 402 MiB"},
	} {
		found := checkMemory(c.mib, c.bytes)
		if c.cure == "" && found == nil {
			continue
		}
		if len(found) != 1 || found[0].Cure != c.cure {
			t.Errorf("%d MiB for %d bytes: %v", c.mib, c.bytes, found)
		}
	}
}

func TestParseCPUList(t *testing.T) {
	for text, want := range map[string]int{"": 0, "0": 1, "2-3,6-7": 4, "2-2": 1, "1,5,9-11": 5} {
		if cpus, err := parseCPUList(text); len(cpus) != want || err != nil {
			t.Errorf("%q is %v, %v", text, cpus, err)
		}
	}
	for _, text := range []string{",", "1,", "3-2", "a", "1-", "-1", "0-70000", "0-99999999999"} {
		if cpus, err := parseCPUList(text); err == nil {
			t.Errorf("%q is %v", text, cpus)
		}
	}
}
