package podimage

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

func TestRefusals(t *testing.T) {
	good := request(t, eif.X8664, "one")
	dir := t.TempDir()
	arm := write(t, filepath.Join(dir, "arm"), forARM64(program64(t)))
	text := write(t, filepath.Join(dir, "text"), []byte("#!/bin/sh\n"))
	damaged := write(t, filepath.Join(dir, "damaged.eif"), flipped(t, good.EnclaveImage))
	otherInit := write(t, filepath.Join(dir, "init"), append(program64(t), 0))
	for name, c := range map[string]struct {
		change func(*Request)
		want   []string
	}{
		"nothing given":         {func(r *Request) { *r = Request{} }, []string{"supervisor", "enclave-image", "is required"}},
		"another architecture":  {func(r *Request) { r.Supervisor = arm }, []string{"supervisor", arm, "EM_AARCH64", "x86_64", "make enclave-supervisor"}},
		"no program":            {func(r *Request) { r.Supervisor = text }, []string{"supervisor", text, "must be an ELF program"}},
		"dynamically linked":    {func(r *Request) { r.Supervisor = dynamic(t) }, []string{"supervisor", "is dynamically linked"}},
		"no such file":          {func(r *Request) { r.EnclaveImage = dir + "/none" }, []string{"enclave-image", "no such file"}},
		"no enclave image":      {func(r *Request) { r.EnclaveImage = text }, []string{"enclave-image", text}},
		"damaged enclave image": {func(r *Request) { r.EnclaveImage = damaged }, []string{"enclave-image", damaged, "header.crc"}},
		"another init":          {func(r *Request) { r.Init = otherInit }, []string{"init", otherInit, "SHA-256", "leave it out"}},
		"no variable":           {func(r *Request) { r.Env = []string{"A=1", "B"} }, []string{"env[1]", "NAME=value"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			c.change(&r)
			_, err := Build(t.Context(), r)
			wantError(t, err, c.want...)
		})
	}
}

// flipped has one bit of an image's last byte changed.
func flipped(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	return b
}

// dynamic is a program with an interpreter, which every Linux has.
func dynamic(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("env")
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if f.Machine != elf.EM_X86_64 {
		t.Skip("this machine has no dynamically linked program for x86_64")
	}
	return path
}

func TestPair(t *testing.T) {
	x86, arm := request(t, eif.X8664, "one"), request(t, eif.ARM64, "one")
	got, err := Pair([]string{arm.EnclaveImage, x86.EnclaveImage}, []string{x86.Supervisor, arm.Supervisor}, []string{x86.Init})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Supervisor != arm.Supervisor || got[0].Init != "" || got[1].Supervisor != x86.Supervisor || got[1].Init != x86.Init {
		t.Errorf("pairs are %+v", got)
	}
	_, err = Pair([]string{arm.EnclaveImage}, []string{x86.Supervisor}, nil)
	wantError(t, err, "there is none for arm64", "there is no enclave image for x86_64")
	_, err = Pair([]string{x86.EnclaveImage}, []string{x86.Supervisor, x86.Init}, nil)
	wantError(t, err, "supervisor", "is for x86_64, as")
	_, err = BuildAll(t.Context(), x86, x86)
	wantError(t, err, "enclave-image[1]", "is for amd64 as another one is")
	_, err = BuildAll(t.Context())
	wantError(t, err, "enclave-image", "is required")
}
