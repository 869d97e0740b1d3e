//go:build linux

package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// root returns a payload's root with a secret beside it.
func root(t *testing.T) (dir, outside string, r *Root) {
	t.Helper()
	top := t.TempDir()
	dir, outside = filepath.Join(top, "rootfs"), filepath.Join(top, "outside")
	for _, folder := range []string{dir, outside, filepath.Join(dir, "run"), filepath.Join(dir, "dev"), filepath.Join(dir, "var")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenRoot(dir, Owner{os.Getuid(), os.Getgid()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return dir, outside, r
}

func write(r *Root, path, content string) error {
	return r.Write([]control.File{{Path: path, Content: []byte(content)}})
}

func wantFile(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%s has %q, want %q: %v", path, got, content, err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode() != mode {
		t.Errorf("%s: mode %v, want %v: %v", path, info.Mode(), mode, err)
	}
}

func TestWrite(t *testing.T) {
	dir, _, r := root(t)
	if err := write(r, "/etc/chamber/config.json", "one"); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(dir, "etc/chamber/config.json"), "one", DefaultMode)
	again := []control.File{{Path: "/etc/chamber/config.json", Content: []byte("two"), Mode: 0o640}, {Path: "/top", Content: nil}}
	if err := r.Write(again); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(dir, "etc/chamber/config.json"), "two", 0o640)
	wantFile(t, filepath.Join(dir, "top"), "", DefaultMode)
	wantNothingLeft(t, dir)
}

func wantNothingLeft(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), ".chamber-") {
			t.Errorf("left %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLinksStayInside: as the payload would see it, and never outside of its root.
func TestLinksStayInside(t *testing.T) {
	for name, tc := range map[string]struct{ link, target, path, landsAt string }{
		"absolute":         {"var/run", "/run", "/var/run/token", "run/token"},
		"relative":         {"var/run", "../run", "/var/run/a/token", "run/a/token"},
		"out, relative":    {"var/out", "../../../outside", "/var/out/token", "outside/token"},
		"out, absolute":    {"var/out", "OUTSIDE", "/var/out/token", "OUTSIDE/token"},
		"the root":         {"var/top", "/", "/var/top/token", "token"},
		"of the file":      {"var/token", "OUTSIDE/file", "/var/token", "var/token"},
		"dangling, inside": {"var/new", "/run/new/deeper", "/var/new/token", "run/new/deeper/token"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, outside, r := root(t)
			target := strings.Replace(tc.target, "OUTSIDE", outside, 1)
			if err := os.Symlink(target, filepath.Join(dir, tc.link)); err != nil {
				t.Fatal(err)
			}
			if err := write(r, tc.path, "secret"); err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(dir, strings.Replace(tc.landsAt, "OUTSIDE", outside, 1)), "secret", DefaultMode)
			if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
				t.Errorf("outside: %v %v", entries, err)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	dir, _, r := root(t)
	for link, target := range map[string]string{"var/kernel": "/dev", "var/loop": "/var/loop", "var/ping": "pong", "var/pong": "ping"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(r, "/a/file", ""); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/dev/x": "the kernel's", "/var/kernel/x": "the kernel's", "/var/kernel/shm/x": "the kernel's", "/proc/x": "no such file", "/dev": "the kernel's",
		"/var/loop/x": unix.ELOOP.Error(), "/var/ping/x": unix.ELOOP.Error(),
		"/a/file/x": unix.ENOTDIR.Error(), "/a": "putting it in its place", "/": "no path",
	} {
		if err := write(r, path, "secret"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	wantNothingLeft(t, dir)
	if entries, err := os.ReadDir(filepath.Join(dir, "dev")); err != nil || len(entries) > 0 {
		t.Errorf("dev has %v: %v", entries, err)
	}
}

// TestReadersSeeOneOrTheOther while a token is rotated.
func TestReadersSeeOneOrTheOther(t *testing.T) {
	dir, _, r := root(t)
	contents := []string{strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<15)}
	if err := write(r, "/token", contents[0]); err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range 200 {
			if err := write(r, "/token", contents[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 500 {
		got, err := os.ReadFile(filepath.Join(dir, "token"))
		if err != nil || string(got) != contents[0] && string(got) != contents[1] {
			t.Fatalf("a reader sees %d bytes: %v", len(got), err)
		}
	}
	writer.Wait()
}

// TestNoDescriptorsLeak: token updates go on for the life of an enclave.
func TestNoDescriptorsLeak(t *testing.T) {
	_, _, r := root(t)
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	before := count()
	for range 50 {
		if err := errors.Join(write(r, "/a/b/c", "x"), write(r, "/d", "x")); err != nil {
			t.Fatal(err)
		}
		if write(r, "/a/b/c/d/e", "x") == nil {
			t.Fatal("wrote below a file")
		}
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
