// Package emulator builds what runtime/launch/qemu starts enclave images with, without
// AWS: QEMU's nitro-enclave machine has the security module and the vsock device of an
// enclave, and measures an image as the hypervisor does.
//
// No Debian release has that machine in its QEMU, so it is built here from Debian's
// source, with nothing else in it. The other end of the vsock device is
// vhost-device-vsock, of which Debian has a package in sid: unpacked, not installed.
package emulator

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// packages are what the emulator is made of; the first two are built from.
var packages = []string{"qemu", "meson", "qemu-system-data", "seabios", "vhost-device-vsock"}

// needs are Debian packages of the machine's own release.
var needs = []string{
	"bzip2", "gcc", "libc6-dev", "libcbor-dev", "libfdt-dev", "libglib2.0-dev", "libgnutls28-dev", "libpixman-1-dev",
	"ninja-build", "pkg-config", "python3", "python3-venv", "xz-utils", "zlib1g-dev",
}

// Build returns the emulator, and builds it first when the cache has none of the same
// sources and libraries. The error is debian.ErrUnavailable when this machine cannot.
func Build(ctx context.Context, out io.Writer) (qemu.Programs, error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	versions, err := debian.Require(ctx, say, needs...)
	if err != nil {
		return qemu.Programs{}, fmt.Errorf("building the enclave emulator: %w", err)
	}
	b, err := newBuild(versions)
	if err != nil {
		return qemu.Programs{}, err
	}
	dir, err := tools.Find(b.recipe())
	if err != nil {
		dir, err = b.make(ctx, out, say)
	}
	return qemu.ProgramsIn(dir), err
}

// build is one build of the emulator.
type build struct {
	inputs []string
	files  map[string]debian.File
}

// newBuild names all that the emulator is made from. The program is linked with the
// machine's libraries, so their versions are part of it.
func newBuild(versions []string) (*build, error) {
	b := &build{inputs: append([]string{strings.Join(configure, " "), fmt.Sprint(edits)}, versions...)}
	for _, name := range packages {
		pins, err := debian.Pins(name)
		if err != nil {
			return nil, err
		}
		for _, p := range pins {
			b.inputs = append(b.inputs, p.SHA256)
		}
	}
	return b, nil
}

func (b *build) recipe() tools.Recipe {
	return tools.Recipe{Name: "emulator", What: "the enclave emulator (QEMU)", Takes: "5 minutes", Inputs: b.inputs, Build: b.run}
}

// make fetches the packages and builds.
func (b *build) make(ctx context.Context, out io.Writer, say debian.Say) (string, error) {
	cache, err := tools.CacheDir()
	if err != nil {
		return "", err
	}
	files, err := debian.Store(filepath.Join(cache, "debian")).Fetch(ctx, say, packages...)
	if err != nil {
		return "", err
	}
	b.files = map[string]debian.File{}
	for i, name := range packages {
		b.files[name] = files[i]
	}
	return tools.Cached(ctx, out, b.recipe())
}
