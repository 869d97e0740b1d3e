package imagebuild

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

func emptyIndex() v1.ImageIndex { return empty.Index }

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMeasurementsMoveOnlyWithTheirPart changes one input at a time.
func TestMeasurementsMoveOnlyWithTheirPart(t *testing.T) {
	base := build(t, withLayout(t, request(t, t.TempDir()), map[string]string{"app/signer": "1"})).Measurements
	for name, tc := range map[string]struct {
		change func(t *testing.T, dir string, r *Request)
		want   string
	}{
		"nothing": {func(*testing.T, string, *Request) {}, ""},
		"a file":  {func(t *testing.T, _ string, r *Request) { *r = withLayout(t, *r, map[string]string{"app/signer": "2"}) }, "PCR0 PCR2"},
		"the policy": {func(t *testing.T, dir string, r *Request) {
			r.Policy = write(t, filepath.Join(dir, "p"), []byte(`{"version":1}`))
		}, "PCR0 PCR2"},
		"environment":  {func(_ *testing.T, _ string, r *Request) { r.Env = []string{"A=1"} }, "PCR0 PCR2"},
		"user":         {func(_ *testing.T, _ string, r *Request) { r.User = "1" }, "PCR0 PCR2"},
		"init":         {func(t *testing.T, dir string, r *Request) { write(t, r.Init, fakeInit(elf.EM_X86_64, elf.PT_NULL)) }, "PCR0 PCR1"},
		"kernel":       {func(t *testing.T, dir string, r *Request) { write(t, r.Kernel, append(fakeKernel(), 0)) }, "PCR0 PCR1"},
		"command line": {func(_ *testing.T, _ string, r *Request) { r.Cmdline = "quiet" }, "PCR0 PCR1"},
		"name, time":   {func(_ *testing.T, _ string, r *Request) { r.Name, r.BuildTime = "other", time.Unix(5, 0) }, ""},
		"module": {func(t *testing.T, dir string, r *Request) {
			r.NSMModule = write(t, filepath.Join(dir, "m"), []byte("m"))
		}, "PCR0 PCR1"},
		"working folder": {func(_ *testing.T, _ string, r *Request) { r.WorkingDir = "/" }, "PCR0 PCR2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := withLayout(t, request(t, dir), map[string]string{"app/signer": "1"})
			if name == "a file" {
				if err := os.RemoveAll(r.Image); err != nil {
					t.Fatal(err)
				}
			}
			tc.change(t, dir, &r)
			got := build(t, r).Measurements
			var moved []string
			for _, p := range []struct {
				name string
				a, b eif.Digest
			}{{"PCR0", base.PCR0, got.PCR0}, {"PCR1", base.PCR1, got.PCR1}, {"PCR2", base.PCR2, got.PCR2}} {
				if p.a != p.b {
					moved = append(moved, p.name)
				}
			}
			if diff := cmp.Diff(tc.want, strings.Join(moved, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBuildIsReproducible builds one image in two folders, and the same files in layers
// of another order, which is another image for its registry and the same for an enclave.
func TestBuildIsReproducible(t *testing.T) {
	files := map[string]string{"app/signer": "1", "app/lib/a": "2", "app/lib/b": "3", "z": "4", "y": "5"}
	r := withLayout(t, request(t, t.TempDir()), files)
	first := build(t, r)
	again := request(t, t.TempDir())
	again.Image = r.Image
	build(t, again)
	if !bytes.Equal(readFile(t, r.Output), readFile(t, again.Output)) {
		t.Error("the same image in another folder gives other bytes")
	}
	for range 5 {
		shuffled := build(t, withLayout(t, request(t, t.TempDir()), files))
		if diff := cmp.Diff(first.Measurements, shuffled.Measurements); diff != "" {
			t.Errorf("the order in a layer's tar is measured:\n%s", diff)
		}
	}
}

func TestMetadata(t *testing.T) {
	dir := t.TempDir()
	r := withLayout(t, request(t, dir), nil)
	r.ToolVersion, r.BuildTime = "v1.2.3", time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("x", 3600))
	build(t, r)
	im, err := eif.OpenFile(r.Output)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.Close() }()
	m, err := im.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(readFile(t, r.Output), []byte(dir)) {
		t.Error("the image has a path of this machine")
	}
	if m.ImageName != "enclave" || m.ImageVersion != "v1" {
		t.Errorf("name %q, version %q", m.ImageName, m.ImageVersion)
	}
	want := eif.BuildMetadata{BuildTime: "2026-01-02T02:04:05+00:00", BuildTool: "chamber", BuildToolVersion: "v1.2.3", OperatingSystem: "Linux", KernelVersion: "6.12.117"}
	if diff := cmp.Diff(want, m.BuildMetadata); diff != "" {
		t.Error(diff)
	}
	if im.Cmdline() != cmdlineX8664 {
		t.Errorf("command line %q", im.Cmdline())
	}
	for _, part := range []string{`"Architecture":"amd64"`, `"Id":"sha256:`, `"RepoTags":["v1"]`, `"RepoDigests":["sha256:`} {
		if !strings.Contains(string(m.DockerInfo), part) {
			t.Errorf("DockerInfo %s has no %s", m.DockerInfo, part)
		}
	}
	if !strings.Contains(string(m.CustomMetadata), `{"Inputs":{"Init":"`) {
		t.Errorf("CustomMetadata is %s", m.CustomMetadata)
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(t *testing.T, r *Request)
		want   string
	}{
		"nothing given":      {func(_ *testing.T, r *Request) { *r = Request{} }, "5 invalid arguments"},
		"image and rootfs":   {func(_ *testing.T, r *Request) { r.RootFS = "x" }, "not both"},
		"no command":         {func(_ *testing.T, r *Request) { r.Image, r.RootFS = "", "x" }, "cmd: is required with rootfs"},
		"architecture":       {func(_ *testing.T, r *Request) { r.Architecture = "riscv" }, `arch ("riscv"): is none`},
		"form of the digest": {func(_ *testing.T, r *Request) { r.KernelSHA256 = "ABC" }, "64 hexadecimal digits"},
		"other kernel":       {func(_ *testing.T, r *Request) { r.KernelSHA256 = strings.Repeat("0", 64) }, "take the kernel that was pinned"},
		"no kernel file":     {func(_ *testing.T, r *Request) { r.Kernel += "x" }, "kernel: stat"},
		"folder as kernel":   {func(t *testing.T, r *Request) { r.Kernel = t.TempDir() }, "invalid argument"},
		"no bzImage":         {func(t *testing.T, r *Request) { write(t, r.Kernel, []byte("x")) }, "must be a bzImage"},
		"script as init":     {func(t *testing.T, r *Request) { write(t, r.Init, []byte("#!/bin/sh")) }, "must be an ELF program"},
		"init for another":   {func(t *testing.T, r *Request) { write(t, r.Init, fakeInit(elf.EM_AARCH64, elf.PT_LOAD)) }, "is a program for EM_AARCH64"},
		"dynamic init":       {func(t *testing.T, r *Request) { write(t, r.Init, fakeInit(elf.EM_X86_64, elf.PT_INTERP)) }, "dynamically linked"},
		"arm64 kernel":       {func(_ *testing.T, r *Request) { r.Architecture = eif.ARM64 }, "must be an uncompressed Image"},
		"policy":             {func(t *testing.T, r *Request) { r.Policy = r.Kernel }, "reading the policy"},
		"open policy": {func(t *testing.T, r *Request) {
			r.Policy = write(t, filepath.Join(t.TempDir(), "p"), []byte(`{"version":1,"environment":["LD_PRELOAD"]}`))
		}, "would let the host take over"},
		"line break":        {func(_ *testing.T, r *Request) { r.Env = []string{"A=1\n2"} }, "one line without NUL"},
		"line break in cmd": {func(_ *testing.T, r *Request) { r.Command = []string{"sh", "-c", "a\nb"} }, `cmd[2] ("a\nb")`},
		"no name":           {func(_ *testing.T, r *Request) { r.Env = []string{"=1"} }, "must be NAME=value"},
		"relative workdir":  {func(_ *testing.T, r *Request) { r.WorkingDir = "app" }, "must be absolute"},
		"no program":        {func(_ *testing.T, r *Request) { r.Command = []string{""} }, "neither an entry point"},
		"folder as output":  {func(t *testing.T, r *Request) { r.Output = t.TempDir() }, "is there and is no regular file"},
		"output":            {func(_ *testing.T, r *Request) { r.Output = filepath.Join(r.Output, "no", "folder.eif") }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := withLayout(t, request(t, dir), nil)
			before := listing(t, dir)
			tc.change(t, &r)
			if _, err := Build(t.Context(), r); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
				t.Errorf("left behind:\n%s", diff)
			}
		})
	}
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestARM64(t *testing.T) {
	dir := t.TempDir()
	r := request(t, dir)
	r.Architecture, r.RootFS, r.Command = eif.ARM64, filepath.Dir(write(t, filepath.Join(dir, "root", "a"), nil)), []string{"/a"}
	write(t, r.Kernel, fakeARM64Kernel())
	write(t, r.Init, fakeInit(elf.EM_AARCH64, elf.PT_LOAD))
	build(t, r)
	im, err := eif.OpenFile(r.Output)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.Close() }()
	if im.Architecture() != eif.ARM64 || im.Cmdline() != cmdlineARM64 {
		t.Errorf("%s, %q", im.Architecture(), im.Cmdline())
	}
}

// TestInterruptedBuild keeps the image and measurements of an earlier one.
func TestInterruptedBuild(t *testing.T) {
	dir := t.TempDir()
	r := withLayout(t, request(t, dir), nil)
	first := build(t, r)
	before, old := listing(t, dir), readFile(t, r.Output)
	for _, step := range []string{"resolving", "unpacking layer 2 of 2", "writing"} {
		ctx, cancel := context.WithCancel(t.Context())
		r.Env = []string{"OTHER=1"}
		r.Progress = func(now string) {
			if strings.HasPrefix(now, step) {
				cancel()
			}
		}
		if _, err := Build(ctx, r); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", step, err)
		}
		if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
			t.Errorf("%s left behind:\n%s", step, diff)
		}
		if !bytes.Equal(old, readFile(t, r.Output)) {
			t.Errorf("%s: the image changed", step)
		}
	}
	m, err := ReadMeasurements(first.MeasurementsPath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Measurements, m); diff != "" {
		t.Error(diff)
	}
}

func TestMeasurementsPath(t *testing.T) {
	for image, want := range map[string]string{
		"a/signer.eif": "a/signer.measurements.json", "signer": "signer.measurements.json", "s.v1": "s.v1.measurements.json",
	} {
		if got := MeasurementsPath(image); got != want {
			t.Errorf("%s: got %s", image, got)
		}
	}
}
