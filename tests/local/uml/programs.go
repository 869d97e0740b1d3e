// Package uml runs Linux as a process of the user's: guests with AF_VSOCK and context
// IDs of their own, which reach each other as a parent instance and its enclaves do.
// It takes no KVM, no root and no kernel of the machine's, and a guest is there in two
// seconds.
//
// A [Network] is a vsock device of ours that all its guests share (see package device).
// A [Guest] is Debian's stock User Mode Linux with the modules of vsock, which an init
// of ours loads.
//
// A guest has the files that it is given, or the ramdisks of an enclave image, and runs
// one command in them. What the command writes comes out on a stream of its own,
// Network.Link reaches vsock ports and, with Options.Ports, TCP ports in it, and package
// machines lets it start and lose other guests: so a parent with four enclaves is a
// network of the context IDs 3 to 7, a command in 3 and an image for the others. Package
// replay shows the results of tests that ran inside.
//
// Guests need ptrace, which containers have unless a seccomp profile refuses it, and a
// folder for their memory from which can be executed: see memoryFolder.
package uml

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// Programs says where the parts of guests are.
type Programs struct {
	// Kernel is User Mode Linux.
	Kernel string
	// Modules are those of vsock, in the order in which they are loaded.
	Modules []string
}

// packageName is where Programs come from.
const packageName = "user-mode-linux"

// modules are the names of the kernel's modules, in the order of their dependence.
var modules = []string{"vsock.ko", "vmw_vsock_virtio_transport_common.ko", "vmw_vsock_virtio_transport.ko"}

// Prepare returns the programs, and unpacks them first when the cache has none of the
// same packages. The error is debian.ErrUnavailable when this machine cannot run them.
func Prepare(ctx context.Context, out io.Writer) (Programs, error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	// Of no interest but for the architecture, the release and dpkg-deb.
	if _, err := debian.Require(ctx, say, "dpkg"); err != nil {
		return Programs{}, fmt.Errorf("preparing User Mode Linux: %w", err)
	}
	recipe, err := newRecipe(nil)
	if err != nil {
		return Programs{}, err
	}
	dir, err := tools.Find(recipe)
	if err != nil {
		dir, err = unpack(ctx, out, say)
	}
	return programs(dir), err
}

func programs(dir string) Programs {
	p := Programs{Kernel: filepath.Join(dir, "linux.uml")}
	for _, name := range modules {
		p.Modules = append(p.Modules, filepath.Join(dir, name))
	}
	return p
}

func newRecipe(files []debian.File) (tools.Recipe, error) {
	r := tools.Recipe{
		Name: "uml", What: "User Mode Linux", Takes: "10 seconds", Inputs: slices.Clone(modules),
		Build: func(ctx context.Context, dir, work string, _ tools.Say) error { return build(ctx, dir, work, files) },
	}
	pins, err := debian.Pins(packageName)
	for _, p := range pins {
		r.Inputs = append(r.Inputs, p.SHA256)
	}
	return r, err
}

// unpack fetches the packages and fills the cache.
func unpack(ctx context.Context, out io.Writer, say debian.Say) (string, error) {
	cache, err := tools.CacheDir()
	if err != nil {
		return "", err
	}
	files, err := debian.Store(filepath.Join(cache, "debian")).Fetch(ctx, say, packageName)
	if err != nil {
		return "", err
	}
	recipe, err := newRecipe(files)
	if err != nil {
		return "", err
	}
	return tools.Cached(ctx, out, recipe)
}

// build keeps of the package what Programs names; the rest is 100 MB.
func build(ctx context.Context, dir, work string, files []debian.File) error {
	for _, f := range files {
		if err := f.Unpack(ctx, work); err != nil {
			return err
		}
	}
	p := programs(dir)
	wanted := map[string]string{"usr/bin/linux.uml": p.Kernel}
	for i, name := range modules {
		wanted["usr/lib/uml/modules/*/kernel/net/vmw_vsock/"+name] = p.Modules[i]
	}
	for pattern, to := range wanted {
		found, err := filepath.Glob(filepath.Join(work, pattern))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("the package has %d files %s, want one", len(found), pattern)
		}
		if err := os.Rename(found[0], to); err != nil {
			return err
		}
	}
	return nil
}
