package uml

import (
	"bytes"
	"context"
	"errors"
	"os"
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
		if err := n.Trouble(); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return ctx, n
}

func TestSmoke(t *testing.T) {
	ctx, n := newNetwork(t, 3, 4)
	prog, err := BuildProgram(ctx, "./local/uml/testguest")
	if err != nil {
		t.Fatal(err)
	}
	tree := initramfs.NewTree()
	if err := tree.File("/program", initramfs.Attributes{Mode: 0o755}, blob.Bytes(prog)); err != nil {
		t.Fatal(err)
	}
	a, err := tree.Archive()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	begin := time.Now()
	g, err := n.Start(ctx, 3, Options{Ramdisks: []blob.Content{a}, Command: []string{"/program", "x"}, Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	err = g.Wait(ctx)
	t.Logf("%v %v\n%s\nout %s", time.Since(begin), err, g.Console(), out.String())
}
