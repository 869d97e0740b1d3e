package emulator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// edit changes QEMU's build files so that they build with what Debian's archive of
// the source and this machine have.
type edit struct {
	// file is below the source; old must be in it, unless the file is new.
	file, old, new string
}

// edits are all changes. None touches a line of C.
var edits = []edit{
	// A reporter for tests, which configure would want installed to build anything.
	{"pythondeps.toml", "pycotap = {", "# pycotap = {"},
	// Debian's archive comes without UEFI firmware, and the build would unpack it.
	{"pc-bios/meson.build", "if unpack_edk2_blobs", "if false"},
	// The two machines, of which one is built on the other: no other device model.
	{"configs/devices/x86_64-softmmu/nitro.mak", "", "CONFIG_MICROVM=y\nCONFIG_NITRO_ENCLAVE=y\n"},
}

// apply makes the edits. A text that is not there, or more than once, is another
// version of QEMU than the edits were made for.
func apply(source string, edits []edit) error {
	for _, e := range edits {
		path := filepath.Join(source, e.file)
		text := e.new
		if e.old != "" {
			data, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("editing QEMU: %w", err)
			}
			if n := strings.Count(string(data), e.old); n != 1 {
				return fmt.Errorf("editing QEMU: %q is %d times in %s, want once", e.old, n, e.file)
			}
			text = strings.Replace(string(data), e.old, e.new, 1)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // a source file
			return fmt.Errorf("editing QEMU: %w", err)
		}
	}
	return nil
}
