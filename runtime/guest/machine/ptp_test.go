//go:build linux

package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindClock: the hypervisor's clock is told from others by its name.
func TestFindClock(t *testing.T) {
	for name, tc := range map[string]struct {
		clocks map[string]string
		want   string
	}{
		"the only one":   {map[string]string{"ptp0": "KVM virtual PTP\n"}, "ptp0"},
		"behind another": {map[string]string{"ptp0": "ena-ptp-05\n", "ptp1": "KVM virtual PTP\n"}, "ptp1"},
		"another":        {map[string]string{"ptp0": "ena-ptp-05\n"}, ""},
		"without a name": {map[string]string{"ptp0": ""}, ""},
		"none":           {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for clock, title := range tc.clocks {
				dir := filepath.Join(root, ptpClass, clock)
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if title == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, "clock_name"), []byte(title), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := findClock(
				func(p string) ([]os.DirEntry, error) { return os.ReadDir(root + p) },
				func(p string) ([]byte, error) { return os.ReadFile(root + p) })
			if got != tc.want || (tc.want == "") != errors.Is(err, os.ErrNotExist) {
				t.Errorf("%q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// TestClockOf: as the kernel's selftests have it, ((~fd) << 3) | 3. A descriptor that is
// no clock is an error.
func TestClockOf(t *testing.T) {
	for fd, want := range map[uintptr]int32{0: -5, 3: -29, 10: -85} {
		if got := clockOf(fd); got != want {
			t.Errorf("%d: %d, want %d", fd, got, want)
		}
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if now, err := (&HostClock{f}).Now(); err == nil {
		t.Errorf("/dev/null says that it is %s", now)
	}
}

// TestLoadModule: one that is not there is built in; one that cannot be loaded is named,
// whoever tries.
func TestLoadModule(t *testing.T) {
	dir := t.TempDir()
	if err := LoadModule(filepath.Join(dir, "nsm.ko")); err != nil {
		t.Errorf("without a module: %v", err)
	}
	for name, content := range map[string]string{"empty.ko": "", "text.ko": "no module"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := LoadModule(path); err == nil || !strings.Contains(err.Error(), "loading "+path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := LoadModule(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: %v", err)
	}
	if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := LoadModule(filepath.Join(dir, "loop")); err == nil {
		t.Error("a link to itself is no error")
	}
}
