package initramfs

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fill makes the same folder with another order, other times and another umask.
func fill(t *testing.T, seed uint64, umask os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	steps := []func() error{
		func() error { return writeFile(dir, "bin/run", "#!", 0o755&^umask) },
		func() error { return writeFile(dir, "etc/app.conf", "port=1", 0o666&^umask) },
		func() error { return writeFile(dir, "etc/empty", "", 0o666&^umask) },
		func() error { return mkdir(dir, "tmp", 0o777&^umask|os.ModeSticky) },
		func() error { return writeFile(dir, "bin/su", "su", 0o755&^umask|os.ModeSetuid) },
		func() error { return mkdir(dir, "lib", 0o777&^umask) },
		func() error { return os.Symlink("../lib", filepath.Join(dir, "usrlib")) },
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		all(t, step())
	}
	all(t, os.Chtimes(filepath.Join(dir, "etc/app.conf"), time.Now(), time.Unix(int64(seed), 0)))
	return dir
}

func writeFile(dir, name, content string, mode os.FileMode) error {
	path := filepath.Join(dir, name)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o600), os.Chmod(path, mode))
}

func mkdir(dir, name string, mode os.FileMode) error {
	path := filepath.Join(dir, name)
	return errors.Join(os.MkdirAll(path, 0o777), os.Chmod(path, mode))
}

func fromDirectory(t *testing.T, dir string, o DirectoryOptions) *Tree {
	t.Helper()
	tree, err := FromDirectory(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestDirectoryIsReproducible(t *testing.T) {
	want := `1 040755 0:0 x2 bin
2 100755 0:0 x1 bin/run = "#!"
3 104755 0:0 x1 bin/su = "su"
4 040755 0:0 x2 etc
5 100644 0:0 x1 etc/app.conf = "port=1"
6 100644 0:0 x1 etc/empty
7 040755 0:0 x2 lib
8 041777 0:0 x2 tmp
9 120777 0:0 x1 usrlib = "../lib"
`
	for seed, umask := range []os.FileMode{0o022, 0o002, 0o077, 0} {
		tree := fromDirectory(t, fill(t, uint64(seed), umask), DirectoryOptions{})
		if diff := cmp.Diff(want, list(t, read(t, tree))); diff != "" {
			t.Errorf("umask %03o (-want +got):\n%s", umask, diff)
		}
	}
}

func TestDirectoryKeepsWhatIsAsked(t *testing.T) {
	dir := fill(t, 1, 0o027)
	files := unpack(t, read(t, fromDirectory(t, dir, DirectoryOptions{KeepModes: true, KeepOwners: true})))
	uid, gid := uint64(os.Getuid()), uint64(os.Getgid())
	for name, mode := range map[string]uint64{"bin/run": 0o100750, "bin/su": 0o104750, "etc/app.conf": 0o100640, "tmp": 0o041750} {
		if f := files[name]; f.Mode != mode || f.UID != uid || f.GID != gid {
			t.Errorf("%s is %o %d:%d, want %o %d:%d", name, f.Mode, f.UID, f.GID, mode, uid, gid)
		}
	}
}

// TestDirectoryUnlinksNames makes copies of hard links, as cp -r does.
func TestDirectoryUnlinksNames(t *testing.T) {
	dir := t.TempDir()
	all(t, writeFile(dir, "a", "one", 0o644), os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
	want := "1 100644 0:0 x1 a = \"one\"\n2 100644 0:0 x1 b = \"one\"\n"
	if diff := cmp.Diff(want, list(t, read(t, fromDirectory(t, dir, DirectoryOptions{})))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDirectoryRefusesSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	all(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	socket, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	_, err = fromDirectory(t, dir, DirectoryOptions{}).Archive()
	for _, want := range []string{`"pipe"): is a named pipe`, `"sock"): is a socket`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDirectoryErrors(t *testing.T) {
	dir := t.TempDir()
	all(t, writeFile(dir, "f", "", 0o644))
	if _, err := FromDirectory(t.Context(), filepath.Join(dir, "f"), DirectoryOptions{}); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("got %v", err)
	}
	if _, err := FromDirectory(t.Context(), filepath.Join(dir, "absent"), DirectoryOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FromDirectory(ctx, dir, DirectoryOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
