package uml

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMemoryFolder(t *testing.T) {
	room := unix.Statfs_t{Bsize: 4096, Bavail: memoryRoom / 4096}
	if !fitsMemory(room) {
		t.Error("a folder with just enough room was not taken")
	}
	little := room
	little.Bavail--
	closed := room
	closed.Flags = unix.ST_NOEXEC | unix.ST_NODEV
	for name, s := range map[string]unix.Statfs_t{"little room": little, "noexec": closed} {
		if fitsMemory(s) {
			t.Errorf("%s: was taken", name)
		}
	}
}

func TestSocketsHaveShortPaths(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	dir, err := socketFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if len(socketPath(dir, 1<<32-1)) > maxSocketPath {
		t.Errorf("folder %s", dir)
	}
	if left, _ := os.ReadDir(long); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}
