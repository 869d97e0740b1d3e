package imagebuild

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
)

// maxProgram bounds a program, which is read to be looked at.
const maxProgram = 256 << 20

// CheckProgram refuses a program that cannot run on nothing but a kernel, such as the init
// of an enclave and the supervisor of a pod: of another architecture, or one that needs an
// interpreter, which is not there.
func CheckProgram(c initramfs.Content, a eif.Architecture) error {
	if c.Size() > maxProgram {
		return fmt.Errorf("has %d bytes; a program has at most %d", c.Size(), maxProgram)
	}
	r, err := c.Open()
	if err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return errors.New("must be an ELF program: there is no interpreter for anything else")
	}
	want := elf.EM_X86_64
	if a == eif.ARM64 {
		want = elf.EM_AARCH64
	}
	if f.Machine != want {
		return fmt.Errorf("is a program for %s, and the image is for %s", f.Machine, a)
	}
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errors.New("is dynamically linked, and there is no linker; build it static, with CGO_ENABLED=0 in Go")
	}
	return nil
}
