package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

// TestEIFOwnKernel: without --kernel the newest of this version is taken, with its command
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
	settings, err := kernel.SettingsDigest(kernel.X8664)
	if err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(cache, "pulumi-containment-chamber", "kernel-x86_64-1", "bzImage")
	newer := filepath.Join(cache, "pulumi-containment-chamber", "kernel-x86_64-0", "bzImage")
	others := filepath.Join(cache, "pulumi-containment-chamber", "kernel-x86_64-2", "bzImage")
	unrecorded := filepath.Join(cache, "pulumi-containment-chamber", "kernel-x86_64-3", "bzImage")
	for path, of := range map[string]string{older: settings, newer: settings, others: "another version's", unrecorded: ""} {
		write(t, path, []byte(read(t, "bzImage")))
		if of != "" {
			write(t, filepath.Join(filepath.Dir(path), kernel.RecordFile), []byte(`{"settingsSha256":"`+of+`"}`))
		}
	}
	for path, age := range map[string]time.Duration{older: 2 * time.Hour, newer: time.Hour} {
		if err := os.Chtimes(path, time.Now(), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
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
