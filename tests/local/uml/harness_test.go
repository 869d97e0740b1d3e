package uml

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
)

// newNetwork starts a network for a test, or skips the test.
func newNetwork(t *testing.T, cids ...uint32) (context.Context, *Network) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts virtual machines")
	}
	programs, err := Prepare(t.Context(), os.Stderr)
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	n, err := NewNetwork(ctx, programs, cids...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(n.Trouble(), n.Close()); err != nil {
			t.Error(err)
		}
		wantGone(t, n.dir)
	})
	return ctx, n
}

// wantGone waits until no process has the folder in its arguments, as all of a guest's
// have.
func wantGone(t *testing.T, dir string) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		left := processes(dir)
		if len(left) == 0 {
			return
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("processes are left: %v", left)
		}
	}
}

func processes(dir string) (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		if line, _ := os.ReadFile(path); bytes.Contains(line, []byte(dir)) {
			found = append(found, filepath.Dir(path))
		}
	}
	return found
}

// program is a file system with the program of these tests.
func program(ctx context.Context, t *testing.T) []blob.Content {
	t.Helper()
	data, err := BuildProgram(ctx, "./local/uml/testprogram")
	if err != nil {
		t.Fatal(err)
	}
	tree := initramfs.NewTree()
	if err := tree.File("/program", initramfs.Attributes{Mode: 0o755}, blob.Bytes(data)); err != nil {
		t.Fatal(err)
	}
	archive, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	return []blob.Content{archive}
}
