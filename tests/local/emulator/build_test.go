package emulator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("one two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := apply(dir, []edit{{"a", "two", "three"}, {"b", "", "new\n"}}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "one three\n", "b": "new\n"} {
		if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for name, e := range map[string]edit{
		"absent": {"a", "two", ""}, "twice": {"a", "e", ""}, "no file": {"c", "x", ""}, "no folder": {"d/e", "", "x"},
	} {
		if err := apply(dir, []edit{e}); err == nil || !strings.Contains(err.Error(), "editing QEMU") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNinjaSteps(t *testing.T) {
	done := int64(0)
	for _, line := range []string{"[1/9] a", "warning: [2/3]", "[x/9]", "[7]", "[12/1291] Linking", ""} {
		done = ninjaSteps(line, done)
	}
	if done != 12 {
		t.Errorf("counted %d", done)
	}
}

// TestLibrariesArePartOfTheName: the program is linked with them.
func TestLibrariesArePartOfTheName(t *testing.T) {
	names := map[string]bool{}
	for _, versions := range [][]string{{"libcbor-dev 0.8"}, {"libcbor-dev 0.10"}, {"libcbor-dev 0.8", "gcc 12"}} {
		b, err := newBuild(versions)
		if err != nil {
			t.Fatal(err)
		}
		names[b.recipe().Hash()] = true
	}
	if len(names) != 3 {
		t.Errorf("%d names for three builds", len(names))
	}
}

func TestCopyFileKeepsTheMode(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "new", "b")
	if err := os.WriteFile(from, []byte("x"), 0o700); err != nil { //nolint:gosec // the mode is the point
		t.Fatal(err)
	}
	if err := copyFile(from, to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := copyFile(from, to); err == nil {
		t.Error("overwrote a file")
	}
}
