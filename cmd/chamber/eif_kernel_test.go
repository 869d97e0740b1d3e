package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEIFOwnKernel: without --kernel the newest of our own is taken, with its command
// line; and the message says how to get one.
func TestEIFOwnKernel(t *testing.T) {
	workshop(t, 1)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	unnamed := strings.Replace(buildRoot, "--kernel bzImage ", "", 1) + "--output a.eif"
	if _, err := chamber(strings.Fields(unnamed)...); err == nil || !strings.Contains(err.Error(), "run `make kernel`, or name one with --kernel") {
		t.Errorf("error: %v", err)
	}
	if _, err := chamber(strings.Fields(unnamed + " --arch arm64")...); err == nil || !strings.Contains(err.Error(), "make kernel-arm64") {
		t.Errorf("error: %v", err)
	}
	older := filepath.Join(cache, "pulumi-containment-chamber", "kernel-x86_64-1", "bzImage")
	newer := filepath.Join(cache, "pulumi-containment-chamber", "kernel-x86_64-0", "bzImage")
	for _, path := range []string{older, newer} {
		write(t, path, []byte(read(t, "bzImage")))
	}
	if err := os.Chtimes(older, time.Now(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	out := run(t, unnamed)
	if !strings.Contains(out, newer) {
		t.Errorf("it does not say that it took %s:\n%s", newer, out)
	}
	if got := run(t, "eif inspect a.eif"); !strings.Contains(got, "reboot=k panic=30 console=ttyS0") || strings.Contains(got, "i8042") {
		t.Errorf("the command line is another:\n%s", got)
	}
	run(t, unnamed+" --cmdline console=ttyS0")
	if got := run(t, "eif inspect a.eif"); strings.Contains(got, "panic=30") {
		t.Errorf("--cmdline was not taken:\n%s", got)
	}
}
