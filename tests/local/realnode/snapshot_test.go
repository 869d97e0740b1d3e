package realnode

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// snapshot is what a node could leave on a machine.
type snapshot struct {
	pages                                          int
	settings                                       map[string]string
	hugetlb                                        bool
	mounts, groups, processes, folders, interfaces []string
}

func takeSnapshot(t *testing.T) snapshot {
	t.Helper()
	pages, err := readNumber(hugePages)
	if err != nil {
		t.Fatal(err)
	}
	s := snapshot{pages: pages, settings: map[string]string{}, hugetlb: mounted(content(t, "/proc/cgroups"), hugetlb), processes: processes()}
	for _, name := range kubeletSysctls {
		data, _ := os.ReadFile(filepath.Join("/proc/sys", name))
		s.settings[name] = strings.TrimSpace(string(data))
	}
	for line := range strings.SplitSeq(content(t, "/proc/self/mountinfo"), "\n") {
		s.mounts = append(s.mounts, line)
	}
	for line := range strings.SplitSeq(content(t, "/proc/net/dev"), "\n") {
		name, _, _ := strings.Cut(line, ":")
		s.interfaces = append(s.interfaces, strings.TrimSpace(name))
	}
	// The hierarchies of version 1 are folders, version 2 is one.
	for _, pattern := range []string{filepath.Join(groupsRoot, cgroup), filepath.Join(groupsRoot, "*", cgroup)} {
		found, _ := filepath.Glob(pattern)
		s.groups = append(s.groups, found...)
	}
	s.folders, _ = filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	return s
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// processes are those of a node, by their command lines: guard, control plane,
// containerd, shims, kubelet.
func processes() []string {
	var found []string
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		data, _ := os.ReadFile(path)
		line := strings.ReplaceAll(string(data), "\x00", " ")
		if strings.Contains(line, "real-node") || strings.Contains(line, "node-runtime-") {
			found = append(found, fmt.Sprintf("%s %.120s", filepath.Dir(path), line))
		}
	}
	slices.Sort(found)
	return found
}

// compare waits for what the kernel does a moment later: the end of a hierarchy.
func (s snapshot) compare(t *testing.T) {
	t.Helper()
	diff := ""
	for range 50 {
		if diff = cmp.Diff(s, takeSnapshot(t), cmp.AllowUnexported(snapshot{})); diff == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("the machine is not as it was before (-before +after):\n%s", diff)
}
