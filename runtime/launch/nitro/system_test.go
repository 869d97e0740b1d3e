//go:build linux

package nitro

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// The tests of this file are about the kernel that they run on.

func TestRealDeviceMissing(t *testing.T) {
	l := &Launcher{Device: filepath.Join(t.TempDir(), "nitro_enclaves")}
	found := l.checkDevice()
	want := launch.Finding{Check: "device", Problem: l.Device + ": no such file or directory", Cure: cure(StepOpen, unix.ENOENT)}
	if len(found) != 1 || found[0] != want {
		t.Errorf("found %v", found)
	}
	image := imageOf(t, []byte("image"))
	if _, err := l.Launch(t.Context(), launch.Request{Image: image, CPUs: 2, MemoryMiB: 64}); !errors.Is(err, unix.ENOENT) {
		t.Errorf("launch gave %v", err)
	}
}

// TestRealOtherDevice has a device that knows none of the requests.
func TestRealOtherDevice(t *testing.T) {
	l := &Launcher{Device: os.DevNull}
	_, err := l.Launch(t.Context(), launch.Request{Image: imageOf(t, []byte("image")), CPUs: 2, MemoryMiB: 64})
	if !errors.Is(err, unix.ENOTTY) || !strings.Contains(err.Error(), "the file is not the device of nitro_enclaves") {
		t.Errorf("launch gave %v", err)
	}
	if found := l.checkDevice(); found != nil {
		t.Errorf("found %v", found)
	}
}

// TestRealHugepages wants more than any machine has.
func TestRealHugepages(t *testing.T) {
	_, err := linux{}.mmap(1<<44, pageFlag(2*mib))
	failed := fail(StepPages, "no page of 16777216 MiB", err)
	if !errors.Is(err, unix.ENOMEM) || !strings.HasSuffix(failed.Error(), "cannot allocate memory; "+pageLimit) {
		t.Errorf("mmap gave %v", failed)
	}
	if _, err := (linux{}).mmap(mib, pageFlag(mib)); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a page of 1 MiB gave %v", err)
	}
}

func TestRealPopulate(t *testing.T) {
	b, err := unix.Mmap(-1, 0, mib, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	if err := (linux{}).populate(b); err != nil {
		t.Error(err)
	}
	if err := (linux{}).munmap(b); err != nil {
		t.Error(err)
	}
	if err := (linux{}).munmap(b); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a second time it gave %v", err)
	}
}

// TestRealImageIsNotBuffered reads a large image, and has not allocated it.
func TestRealImageIsNotBuffered(t *testing.T) {
	b := newBench(t)
	b.request.MemoryMiB = 512
	b.request.Image = filepath.Join(t.TempDir(), "sparse.eif")
	if err := os.WriteFile(b.request.Image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(b.request.Image, 400<<20); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	terminate(t, b.launch(t))
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 8<<20 {
		t.Errorf("a launch of an image of 400 MiB allocates %d bytes", bytes)
	}
}

// TestRealSocket tells whether this process may have AF_VSOCK, and what to do if not.
func TestRealSocket(t *testing.T) {
	for _, f := range (&Launcher{}).checkSocket() {
		if f.Cure != seccompCure && !strings.Contains(f.Cure, "AF_VSOCK") {
			t.Errorf("found %v", f)
		}
	}
}
