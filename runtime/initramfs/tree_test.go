package initramfs

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// all does several steps and fails at the first error.
func all(t *testing.T, steps ...error) {
	t.Helper()
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

func TestArchiveListing(t *testing.T) {
	tree := NewTree()
	all(t,
		tree.File("/usr/bin/su", Attributes{0o4755, 0, 0}, blob.Bytes([]byte("su"))),
		tree.Directory("usr/", Attributes{0o755, 1, 2}),
		tree.File("usr-local", Attributes{0o600, 1000, 1 << 31}, blob.Bytes([]byte("x"))),
		tree.Symlink("bin", "usr/bin", Attributes{0, 7, 8}),
		tree.Directory("tmp", Attributes{0o1777, 0, 0}),
		tree.File("./b/one", Attributes{0o644, 5, 5}, blob.Bytes([]byte("shared"))),
		tree.Link("a/first", "b/one"),
		tree.Link("bin/two", "/b/one"),
		tree.Symlink("c", "b", Attributes{}),
		tree.Link("link-to-link", "c"),
		tree.File("empty", Attributes{0o644, 0, 0}, blob.Bytes(nil)),
	)
	want := `1 040755 0:0 x2 a
2 100644 5:5 x3 a/first
3 040755 0:0 x2 b
2 100644 5:5 x3 b/one
4 120777 7:8 x1 bin = "usr/bin"
5 120777 0:0 x1 c = "b"
6 100644 0:0 x1 empty
7 120777 0:0 x1 link-to-link = "b"
8 041777 0:0 x2 tmp
9 040755 1:2 x2 usr
10 100600 1000:2147483648 x1 usr-local = "x"
11 040755 0:0 x2 usr/bin
12 104755 0:0 x1 usr/bin/su = "su"
2 100644 5:5 x3 usr/bin/two = "shared"
`
	archive := read(t, tree)
	if diff := cmp.Diff(want, list(t, archive)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files := unpack(t, archive)
	for _, name := range []string{"a/first", "b/one", "usr/bin/two"} {
		if files[name].Data != "shared" {
			t.Errorf("%s holds %q", name, files[name].Data)
		}
	}
	if len(archive)%4 != 0 {
		t.Errorf("archive has %d bytes; the next one would not be found", len(archive))
	}
}

func TestTreeReplaces(t *testing.T) {
	a := Attributes{0o644, 0, 0}
	tree := NewTree()
	all(t,
		tree.File("x/y", a, blob.Bytes([]byte("old"))),
		tree.File("x", a, blob.Bytes([]byte("file in place of a folder"))),
		tree.Directory("x", Attributes{0o700, 0, 0}),
		tree.File("x/z", a, blob.Bytes([]byte("1"))),
		tree.File("x/z", a, blob.Bytes([]byte("2"))),
		tree.Symlink("s", "x", a),
		tree.Directory("s", Attributes{0o700, 0, 0}),
	)
	want := "1 040700 0:0 x2 s\n2 040700 0:0 x2 x\n3 100644 0:0 x1 x/z = \"2\"\n"
	if diff := cmp.Diff(want, list(t, read(t, tree))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTreeFollowsLinksInside(t *testing.T) {
	a := Attributes{0o644, 0, 0}
	for name, tc := range map[string]struct{ target, want string }{
		"relative":       {"lib", "usr/lib/f"},
		"absolute":       {"/opt/lib", "opt/lib/f"},
		"above the root": {"../../../../etc", "etc/f"},
		"dots":           {"./lib/../x//y/", "usr/x/y/f"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := NewTree()
			all(t, tree.Symlink("usr/s", tc.target, a), tree.Symlink("s", "usr/s", a), tree.File("s/f", a, blob.Bytes(nil)))
			if files := unpack(t, read(t, tree)); files[tc.want] == nil {
				t.Errorf("no %s in %v", tc.want, files)
			}
		})
	}
}

func TestTreeRefuses(t *testing.T) {
	a := Attributes{0o644, 0, 0}
	deep := strings.Repeat("d/", 2000)
	for name, tc := range map[string]struct {
		do   func(*Tree) error
		want string
	}{
		"climbing":     {func(t *Tree) error { return t.File("a/../../b", a, blob.Bytes(nil)) }, `climbs with ".."`},
		"NUL":          {func(t *Tree) error { return t.File("a\x00b", a, blob.Bytes(nil)) }, "NUL"},
		"name length":  {func(t *Tree) error { return t.Directory(strings.Repeat("n", 256), a) }, "Linux allows 255"},
		"path length":  {func(t *Tree) error { return t.Directory(strings.Repeat("nn/", 1400), a) }, "Linux allows 4095"},
		"mode":         {func(t *Tree) error { return t.Directory("d", Attributes{0o10000, 0, 0}) }, "07777"},
		"big file":     {func(t *Tree) error { return t.File("f", a, sized(1<<32)) }, "has room for 4294967295"},
		"bad size":     {func(t *Tree) error { return t.File("f", a, sized(-1)) }, "has -1 bytes"},
		"root":         {func(t *Tree) error { return t.File("/", a, blob.Bytes(nil)) }, "root must be a directory"},
		"no target":    {func(t *Tree) error { return t.Symlink("l", "", a) }, "has no target"},
		"target NUL":   {func(t *Tree) error { return t.Symlink("l", "a\x00", a) }, "NUL in its target"},
		"long target":  {func(t *Tree) error { return t.Symlink("l", strings.Repeat("x", 4096), a) }, "target of 4096 bytes"},
		"absent link":  {func(t *Tree) error { return t.Link("l", "nowhere/x") }, "no file of that name"},
		"folder link":  {func(t *Tree) error { return errors.Join(t.Directory("d", a), t.Link("l", "d")) }, "no file of that name"},
		"loop":         {func(t *Tree) error { return errors.Join(t.Symlink("l", "l", a), t.Directory("l/x", a)) }, "more than 40 symbolic links"},
		"through file": {func(t *Tree) error { return errors.Join(t.File("f", a, blob.Bytes(nil)), t.Directory("f/x", a)) }, "which is a file"},
		"long name in a target": {func(t *Tree) error {
			return errors.Join(t.Symlink("l", strings.Repeat("n", 256), a), t.Directory("l/x", a))
		}, "Linux allows 255"},
		"too deep": {func(t *Tree) error {
			return errors.Join(t.Symlink("l", deep, a), t.Symlink("l/m", deep, a), t.Directory("l/m/x", a))
		}, "folders deep"},
		"trailer": {archiveAfter(func(t *Tree) error { return t.File(trailer, a, blob.Bytes(nil)) }), "ends an archive"},
		"path length through a link": {archiveAfter(func(t *Tree) error {
			return errors.Join(t.Symlink("l", strings.Repeat(strings.Repeat("x", 200)+"/", 20), a),
				t.Directory("l/"+strings.Repeat("y", 200), a))
		}), "Linux allows 4095"},
		"graft": {func(t *Tree) error { return errors.Join(t.Directory("x", a), t.Graft("x", NewTree())) }, "not free"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.do(NewTree()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func archiveAfter(do func(*Tree) error) func(*Tree) error {
	return func(t *Tree) error {
		if err := do(t); err != nil {
			return err
		}
		_, err := t.Archive()
		return err
	}
}

// sized has a size and nothing else.
type sized int64

func (s sized) Size() int64                { return int64(s) }
func (sized) Open() (io.ReadCloser, error) { return nil, os.ErrInvalid }

func TestLargestFileIsCarried(t *testing.T) {
	tree := NewTree()
	all(t, tree.File("f", Attributes{}, sized(math.MaxUint32)))
	a, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(112 + 1<<32 + 124); a.Size() != want {
		t.Errorf("got %d bytes, want %d", a.Size(), want)
	}
}

func TestBudgetEnds(t *testing.T) {
	tree := NewTree()
	tree.left = budget{entries: 3, bytes: 10}
	all(t, tree.Directory("a/b", Attributes{}))
	if err := tree.Directory("a/b/c/d", Attributes{}); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("got %v", err)
	}
	tree.left = budget{entries: 3, bytes: 2}
	if err := tree.Symlink("long", "target", Attributes{}); err == nil || !strings.Contains(err.Error(), "bytes of names") {
		t.Errorf("got %v", err)
	}
}

// TestGraftIsBelow puts a root with its attributes into another tree.
func TestGraftIsBelow(t *testing.T) {
	inner, outer := NewTree(), NewTree()
	all(t, inner.Directory("", Attributes{0o711, 3, 4}), inner.Symlink("s", "/etc", Attributes{}),
		inner.File("s/f", Attributes{0o600, 0, 0}, blob.Bytes([]byte("f"))),
		outer.File("cmd", Attributes{0o644, 0, 0}, blob.Bytes(nil)), outer.Graft("rootfs", inner))
	want := `1 100644 0:0 x1 cmd
2 040711 3:4 x2 rootfs
3 040755 0:0 x2 rootfs/etc
4 100600 0:0 x1 rootfs/etc/f = "f"
5 120777 0:0 x1 rootfs/s = "/etc"
`
	if diff := cmp.Diff(want, list(t, read(t, outer))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReaderReadsInAnySteps(t *testing.T) {
	tree := NewTree()
	all(t, tree.File("f", Attributes{0o644, 0, 0}, blob.Bytes(bytes.Repeat([]byte("abc"), 1000))), tree.Symlink("l", "f", Attributes{}))
	a, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it can be read again
		r, err := a.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, read(t, tree)); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReaderNoticesChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for content, want := range map[string]string{"12": "shorter", "123456": "longer"} {
		if err := os.WriteFile(path, []byte("1234"), 0o600); err != nil {
			t.Fatal(err)
		}
		content4, err := blob.File(path)
		if err != nil {
			t.Fatal(err)
		}
		tree := NewTree()
		all(t, tree.File("f", Attributes{}, content4), os.WriteFile(path, []byte(content), 0o600))
		a, err := tree.Archive()
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
