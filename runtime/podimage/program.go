package podimage

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// program is a static Go program, and what it says of itself.
type program struct {
	content blob.Content
	sha256  string
	info    *buildinfo.BuildInfo
}

// openProgram refuses what could not run on nothing but a kernel.
func openProgram(property, path string, a eif.Architecture) (*program, error) {
	content, err := blob.File(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", property, err)
	}
	if broken := checkProgram(path, a); broken != nil {
		return nil, fault.Fault{Property: property, Value: path, Rule: broken.Error(),
			WayOut: "build it with make enclave-supervisor or make enclave-init; GOARCH=arm64 for Graviton"}
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fault.Fault{Property: property, Value: path, Rule: "must be a Go program that tells its modules: " + err.Error()}
	}
	sum, err := sha256Of(content)
	return &program{content, sum, info}, err
}

func checkProgram(path string, a eif.Architecture) error {
	f, err := elf.Open(path)
	if err != nil {
		return errors.New("must be an ELF program")
	}
	defer func() { _ = f.Close() }()
	want := elf.EM_X86_64
	if a == eif.ARM64 {
		want = elf.EM_AARCH64
	}
	if f.Machine != want {
		return fmt.Errorf("is a program for %s, and the enclave image is for %s", f.Machine, a)
	}
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errors.New("is dynamically linked, and the image has no linker")
	}
	return nil
}

// sha256Of is a SHA-256 in hexadecimal.
func sha256Of(c blob.Content) (string, error) {
	r, err := c.Open()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, r)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, r.Close())
}
