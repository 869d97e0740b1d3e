package kernel

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// stockRelease is the release of Debian's kernel for clouds that our own is compared with:
// the same version of Linux.
const stockRelease = "6.12.117+deb12"

// Stock is Debian's kernel for clouds, with what it takes to start an enclave by it: it
// finds no device by itself, and has the drivers as modules.
type Stock struct {
	// Image is the bzImage, Loader the static program that loads the modules and becomes
	// /enclave-init.
	Image, Loader string
	// Modules are the paths of the modules, in the order in which they are loaded.
	Modules []string
}

var (
	//go:embed stock/enclave_devices.c
	devicesSource string
	//go:embed stock/loader.c
	loaderSource string
)

// stockModules are those of the package, by their place below lib/modules/<release>/kernel.
var stockModules = []string{
	"drivers/virtio/virtio_mmio", "net/vmw_vsock/vsock", "net/vmw_vsock/vmw_vsock_virtio_transport_common",
	"net/vmw_vsock/vmw_vsock_virtio_transport", "drivers/misc/nsm",
}

func stockPackages() []string {
	return []string{
		"linux-image-" + stockRelease + "-cloud-amd64", "linux-headers-" + stockRelease + "-cloud-amd64",
		"linux-headers-" + stockRelease + "-common", "linux-kbuild-" + stockRelease,
	}
}

// BuildStock returns Debian's kernel. It compiles the loader, and the module that gives
// the kernel its devices. The error is debian.ErrUnavailable when this machine cannot.
func BuildStock(ctx context.Context, out io.Writer) (Stock, error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	if _, err := debian.Require(ctx, say, needs...); err != nil {
		return Stock{}, fmt.Errorf("preparing Debian's kernel: %w", err)
	}
	chain, err := (target{}).toolchain(ctx)
	if err != nil {
		return Stock{}, err
	}
	cache, err := tools.CacheDir()
	if err != nil {
		return Stock{}, err
	}
	files, err := debian.Store(filepath.Join(cache, "debian")).Fetch(ctx, say, stockPackages()...)
	if err != nil {
		return Stock{}, err
	}
	inputs := append([]string{devicesSource, loaderSource, strings.Join(stockModules, " "), chain.Compiler, chain.Linker}, environment...)
	for _, f := range files {
		inputs = append(inputs, f.SHA256)
	}
	dir, err := tools.Cached(ctx, out, tools.Recipe{
		Name: "kernel-stock", What: "Debian's kernel for clouds", Takes: "10 seconds", Inputs: inputs,
		Build: stockBuild(files).run,
	})
	if err != nil {
		return Stock{}, err
	}
	s := Stock{Image: filepath.Join(dir, "bzImage"), Loader: filepath.Join(dir, "loader")}
	for _, m := range append([]string{stockModules[0], "enclave_devices"}, stockModules[1:]...) {
		s.Modules = append(s.Modules, filepath.Join(dir, filepath.Base(m)+".ko"))
	}
	return s, nil
}

// stockBuild is made of the packages, in the order of stockPackages.
type stockBuild []debian.File

func (b stockBuild) run(ctx context.Context, dir, work string, say tools.Say) error {
	root := filepath.Join(work, "root")
	for _, f := range b {
		if err := f.Unpack(ctx, root); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(root, "boot", "vmlinuz-"+stockRelease+"-cloud-amd64"), filepath.Join(dir, "bzImage")); err != nil {
		return err
	}
	for _, m := range stockModules {
		packed := filepath.Join(root, "lib", "modules", stockRelease+"-cloud-amd64", "kernel", m+".ko.xz")
		if err := command(ctx, say, work, "xz", "-d", packed); err != nil {
			return err
		}
		if err := os.Rename(strings.TrimSuffix(packed, ".xz"), filepath.Join(dir, filepath.Base(m)+".ko")); err != nil {
			return err
		}
	}
	if err := devicesModule(ctx, say, root, work, dir); err != nil {
		return err
	}
	source := filepath.Join(work, "loader.c")
	if err := os.WriteFile(source, []byte(loaderSource), 0o600); err != nil {
		return err
	}
	return command(ctx, say, work, "gcc", "-static", "-Os", "-s", "-Wall", "-Werror", "-o", filepath.Join(dir, "loader"), source)
}

// devicesModule compiles the module with the package's headers, which name the place
// that they are usually installed at.
func devicesModule(ctx context.Context, say tools.Say, root, work, dir string) error {
	headers := filepath.Join(root, "usr", "src", "linux-headers-"+stockRelease)
	module := filepath.Join(work, "module")
	if err := os.Mkdir(module, 0o755); err != nil { //nolint:gosec // no secret
		return err
	}
	for path, text := range map[string]string{
		headers + "-cloud-amd64/Makefile":          "include " + headers + "-common/Makefile\n",
		filepath.Join(module, "Makefile"):          "obj-m := enclave_devices.o\n",
		filepath.Join(module, "enclave_devices.c"): devicesSource,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // no secret
			return err
		}
	}
	// There is no pahole here, which writes type information that nobody reads.
	if err := command(ctx, say, work, "make", "-C", headers+"-cloud-amd64", "M="+module, "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"); err != nil {
		return err
	}
	return command(ctx, say, work, "objcopy", "--strip-debug", filepath.Join(module, "enclave_devices.ko"), filepath.Join(dir, "enclave_devices.ko"))
}

func command(ctx context.Context, say tools.Say, work string, args ...string) error {
	return tools.Watch(ctx, say, tools.Command{Args: args, Env: environment, Log: filepath.Join(work, args[0]+".log")})
}
