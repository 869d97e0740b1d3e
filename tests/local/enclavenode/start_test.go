package enclavenode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	processes "github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/process"
)

// hold starts a shell in the place of the holder.
func hold(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := processes.Dir(dir).Start(processes.Spec{Name: process, Path: "/bin/sh", Args: []string{"-c", script}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Stop(context.WithoutCancel(t.Context()), dir) })
	return dir
}

// TestAwait: what the holder says is passed on, and its state is waited for.
func TestAwait(t *testing.T) {
	want := State{Kubeconfig: "/node/kubeconfig", Releases: []Release{{Tag: "v1.5.0"}}}
	prepared := t.TempDir()
	if err := want.write(prepared); err != nil {
		t.Fatal(err)
	}
	dir := hold(t, fmt.Sprintf("echo building; cp %s . && exec sleep 600", filepath.Join(prepared, stateFile)))
	var out bytes.Buffer
	got, err := await(t.Context(), dir, &out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || out.String() != "building\n" {
		t.Errorf("it said %q; the state (-want +got):\n%s", out.String(), diff)
	}
	if found, err := Open(dir); err != nil || found.Kubeconfig != want.Kubeconfig {
		t.Errorf("opening it: %+v, %v", found, err)
	}
	if _, found, err := Start(t.Context(), dir, &out); err != nil || !found {
		t.Errorf("starting it again: found %t, %v", found, err)
	}
	if err := Stop(t.Context(), dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := Stop(t.Context(), dir); err != nil {
		t.Errorf("stopping nothing: %v", err)
	}
}

func TestAwaitAHolderThatFails(t *testing.T) {
	// Not at once: a start fails of itself where the process is gone before it is recorded.
	dir := hold(t, "sleep 0.5; echo no room for pages; exit 1")
	if _, err := await(t.Context(), dir, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "no room for pages") {
		t.Errorf("the error is %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("found a node that nobody holds")
	}
}

// TestStateIsWhole: who waits for the state never reads half of one.
func TestStateIsWhole(t *testing.T) {
	dir := t.TempDir()
	if _, err := read(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a state: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(dir); err == nil || !strings.Contains(err.Error(), stateFile) {
		t.Errorf("half a state: %v", err)
	}
	if err := (State{Unavailable: "no root"}).write(dir); err != nil {
		t.Fatal(err)
	}
	if s, err := read(dir); err != nil || s.Unavailable != "no root" {
		t.Errorf("%+v, %v", s, err)
	}
}
