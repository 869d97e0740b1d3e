package realnode

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMounted(t *testing.T) {
	const table = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t1\t1\nhugetlb\t0\t1\t1\n"
	for controller, want := range map[string]bool{"cpu": true, "hugetlb": false, "none": false} {
		if got := mounted(table, controller); got != want {
			t.Errorf("mounted(%s) = %v", controller, got)
		}
	}
}

// TestNodesFolder: the node covers some folders, and must not lose its own by that.
func TestNodesFolder(t *testing.T) {
	for _, dir := range []string{"/run/x", "/var/lib/a/x", "/var/log/x"} {
		if _, err := readOptions(dir); err == nil || !strings.Contains(err.Error(), "set TMPDIR") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(`{"Slots": 3}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readOptions(dir); err != nil || got.Slots != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestBrokenNote: what is in the lock file and is no note is said once, and nothing done.
func TestBrokenNote(t *testing.T) {
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteString("nonsense"); err != nil {
		t.Fatal(err)
	}
	m := &machine{memory: file, dir: t.TempDir()}
	if err := m.restore(); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("error %v", err)
	}
	if err := m.restore(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}
