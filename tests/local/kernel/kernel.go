// Package kernel builds the enclave kernel that runtime/kernel configures, from
// Debian's source package, and keeps it in the user's cache.
//
// The same source, configuration and compiler make the same bytes, on every machine
// and in every folder: whoever checks an enclave's measurements can build its kernel
// again. What went in is recorded beside the result.
package kernel

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// source is the package with Debian's patched Linux.
const source = "linux-source-6.12"

// needs are Debian packages: compiler, make and the generators that kconfig, objtool
// and the timer tables need.
var needs = []string{"bc", "binutils", "bison", "flex", "gcc", "libc6-dev", "libelf-dev", "make", "xz-utils"}

// target is how an architecture's kernel is built.
type target struct {
	arch    kernel.Architecture
	linux   string // Linux's name of the architecture
	image   string // the file that an EIF holds, below arch/<linux>/boot
	cross   string // prefix of the compiler's name
	extra   []string
	minutes int
}

func targetFor(a kernel.Architecture) (target, error) {
	switch a {
	case kernel.X8664:
		return target{arch: a, linux: "x86", image: "bzImage", minutes: 8}, nil
	case kernel.ARM64:
		return target{arch: a, linux: "arm64", image: "Image", cross: "aarch64-linux-gnu-", extra: []string{"gcc-aarch64-linux-gnu"}, minutes: 10}, nil
	}
	return target{}, fmt.Errorf("architecture %q: no kernel is built for it", a)
}

// Result is a built kernel.
type Result struct {
	// Image is the path of the kernel: a bzImage, or an Image for arm64.
	Image string
	// Config is the path of the complete configuration; Record that of kernel.json.
	Config, Record string
}

// Build returns the kernel, and builds it first when the cache has none of the same
// source, settings and compiler. The error is debian.ErrUnavailable when this machine
// cannot build it.
func Build(ctx context.Context, out io.Writer, a kernel.Architecture) (Result, error) {
	t, err := targetFor(a)
	if err != nil {
		return Result{}, err
	}
	fragment, err := kernel.Fragment(a)
	if err != nil {
		return Result{}, err
	}
	settings, err := kernel.Normal(fragment)
	if err != nil {
		return Result{}, err
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	if _, err := debian.Require(ctx, say, append(t.extra, needs...)...); err != nil {
		return Result{}, fmt.Errorf("building the enclave kernel: %w", err)
	}
	chain, err := t.toolchain(ctx)
	if err != nil {
		return Result{}, err
	}
	dir, err := t.cached(ctx, out, say, settings, chain)
	if err != nil {
		return Result{}, err
	}
	return Result{
		Image: filepath.Join(dir, t.image), Config: filepath.Join(dir, "config"), Record: filepath.Join(dir, kernel.RecordFile),
	}, nil
}

// cached tries the source's known versions in turn: which of them can be had is only
// known when none is in the cache.
func (t target) cached(ctx context.Context, out io.Writer, say debian.Say, settings string, chain kernel.Toolchain) (string, error) {
	pins, err := debian.Pins(source)
	if err != nil {
		return "", err
	}
	for _, p := range pins {
		if dir, err := tools.Find(t.recipe(p, settings, chain, nil)); err == nil {
			return dir, nil
		}
	}
	cache, err := tools.CacheDir()
	if err != nil {
		return "", err
	}
	files, err := debian.Store(filepath.Join(cache, "debian")).Fetch(ctx, say, source)
	if err != nil {
		return "", err
	}
	b := build{target: t, source: files[0], settings: settings, chain: chain}
	return tools.Cached(ctx, out, t.recipe(files[0].Pin, settings, chain, b.run))
}

func (t target) recipe(p debian.Pin, settings string, chain kernel.Toolchain, run func(context.Context, string, string, tools.Say) error) tools.Recipe {
	return tools.Recipe{
		Name: "kernel-" + string(t.arch), What: "the enclave kernel for " + string(t.arch),
		Takes:  fmt.Sprintf("%d minutes", t.minutes),
		Inputs: append([]string{p.SHA256, settings, chain.Compiler, chain.Linker, chain.Compressor}, environment...),
		Build:  run,
	}
}
