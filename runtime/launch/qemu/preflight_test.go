//go:build linux

package qemu

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// writeImage writes an image of about so many bytes.
func writeImage(t *testing.T, architecture eif.Architecture, size int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.eif")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	_, err = eif.Build(t.Context(), out, eif.Spec{
		Architecture: architecture, Kernel: blob.Bytes([]byte("kernel")), Cmdline: "console=ttyS0",
		Ramdisks: []eif.Content{blob.Bytes([]byte("init")), blob.Bytes(make([]byte, size))},
		Metadata: eif.Metadata{ImageName: "test", BuildMetadata: eif.BuildMetadata{BuildTime: "1970-01-01T00:00:00+00:00"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPreflight(t *testing.T) {
	image := writeImage(t, eif.X8664, 20<<20)
	for name, tt := range map[string]struct {
		change func(l *Launcher, r *launch.Request)
		check  string
		words  []string // of the finding
	}{
		"nothing":       {func(*Launcher, *launch.Request) {}, "", nil},
		"no image":      {func(_ *Launcher, r *launch.Request) { r.Image = "/none.eif" }, "image", []string{"/none.eif", "no such file", "CHAMBER_ENCLAVE_IMAGE"}},
		"no real image": {func(_ *Launcher, r *launch.Request) { r.Image = "/proc/self/exe" }, "image", []string{"magic"}},
		"arm64": {func(_ *Launcher, r *launch.Request) { r.Image = writeImage(t, eif.ARM64, 1) }, "image",
			[]string{"is for arm64, and QEMU's machine is x86_64", "build the image for x86_64"}},
		"little memory":        {func(_ *Launcher, r *launch.Request) { r.MemoryMiB = 80 }, "memory", []string{"80 MiB is less than 82, 4 times the image's 2097", "CHAMBER_ENCLAVE_MEMORY_MIB to at least 82"}},
		"enough memory":        {func(_ *Launcher, r *launch.Request) { r.MemoryMiB = 82 }, "", nil},
		"least memory":         {func(_ *Launcher, r *launch.Request) { r.Image, r.MemoryMiB = writeImage(t, eif.X8664, 1), 62 }, "memory", []string{"less than the 64 MiB that an enclave starts with"}},
		"no CPU":               {func(_ *Launcher, r *launch.Request) { r.CPUs = 0 }, "cpus", []string{"0 CPUs are not between 1 and 288", "CHAMBER_ENCLAVE_CPUS"}},
		"many CPUs":            {func(_ *Launcher, r *launch.Request) { r.CPUs = 289 }, "cpus", []string{"289 CPUs"}},
		"no QEMU":              {func(l *Launcher, _ *launch.Request) { _ = os.Remove(l.Programs.QEMU) }, "programs", []string{"qemu-system-x86_64: no such file", "CHAMBER_QEMU_DIR"}},
		"no vsock device":      {func(l *Launcher, _ *launch.Request) { l.Programs.Vsock = l.TempDir }, "programs", []string{"is no file"}},
		"no program":           {func(l *Launcher, _ *launch.Request) { l.Programs.Vsock = image }, "programs", []string{"permission denied"}},
		"no ROM":               {func(l *Launcher, _ *launch.Request) { _ = os.Remove(filepath.Join(l.Programs.Firmware, "qboot.rom")) }, "programs", []string{"qboot.rom: no such file"}},
		"no folder":            {func(l *Launcher, _ *launch.Request) { l.TempDir += "/none" }, "sockets", []string{"no such file", "emptyDir at /tmp"}},
		"no folder but a file": {func(l *Launcher, _ *launch.Request) { l.TempDir = image }, "sockets", []string{"not a directory"}},
		"a long folder":        {func(l *Launcher, _ *launch.Request) { l.TempDir += "/" + strings.Repeat("x", 100) }, "sockets", []string{"bytes too long", "107"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newFakes(t, "")
			r := launch.Request{Image: image, CPUs: 2, MemoryMiB: 128}
			tt.change(l, &r)
			findings := l.Preflight(t.Context(), r)
			if tt.check == "" {
				if len(findings) != 0 {
					t.Errorf("found %v", findings)
				}
				return
			}
			if len(findings) != 1 || findings[0].Check != tt.check {
				t.Fatalf("found %v, want one of %q", findings, tt.check)
			}
			wantError(t, launch.Findings(findings), tt.words...)
		})
	}
}

func TestPreflightFindsAll(t *testing.T) {
	l := &Launcher{Programs: ProgramsIn("/none"), TempDir: "/none"}
	var checks []string
	for _, f := range l.Preflight(t.Context(), launch.Request{}) {
		checks = append(checks, f.Check)
	}
	if diff := cmp.Diff([]string{"cpus", "image", "memory", "programs", "sockets"}, slices.Compact(slices.Sorted(slices.Values(checks)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRoom(t *testing.T) {
	if got := checkRoom("/tmp", 100, 100); got != nil {
		t.Errorf("found %v", got)
	}
	wantError(t, launch.Findings(checkRoom("/tmp", 99, 100)), "room: /tmp has 99 bytes free", "of 100 bytes", "a larger size")
}

func TestArguments(t *testing.T) {
	info := launch.Info{ID: "i-1-enc2", CPUCount: 2, MemoryMiB: 256}
	args := (&Launcher{ParentID: "i-1", ParentRole: "role,x"}).arguments("/fw", "/a,b/s", info, "/a.eif")
	for flag, want := range map[string]string{
		"-M": "nitro-enclave,vsock=c,id=i-1-enc2,parent-role=role,,x,parent-id=i-1", "-m": "256M", "-smp": "2", "-append": "reboot=t",
		"-kernel": "/a.eif", "-L": "/fw", "-chardev": "socket,id=c,path=/a,,b/s", "-accel": "tcg,tb-size=256",
	} {
		if i := slices.Index(args, flag); i < 0 || args[i+1] != want {
			t.Errorf("no %s %s in %v", flag, want, args)
		}
	}
	args = (&Launcher{Append: "panic=-1"}).arguments("", "", info, "")
	for _, want := range []string{"panic=-1", "nitro-enclave,vsock=c,id=i-1-enc2,parent-id=i-0123456789abcdef0"} {
		if !slices.Contains(args, want) {
			t.Errorf("no %s in %v", want, args)
		}
	}
}
