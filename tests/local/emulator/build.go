package emulator

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// configure are the arguments of QEMU's configure: no feature but those of the machine
// (the security module needs GnuTLS and libcbor, vsock needs vhost-user, microvm a
// device tree), no debug information, -O1: it boots as fast and builds in half the time.
var configure = []string{
	"--python=/usr/bin/python3", "--target-list=x86_64-softmmu",
	"--without-default-features", "--without-default-devices", "--with-devices-x86_64=nitro",
	"--enable-system", "--enable-tcg", "--enable-vhost-user", "--enable-gnutls", "--enable-libcbor", "--enable-fdt=system",
	"--disable-kvm", "--disable-user", "--disable-tools", "--disable-guest-agent", "--disable-docs",
	"--disable-install-blobs", "--disable-werror", "--disable-debug-info", "-Doptimization=1",
}

// firmware are the files of packages that the machine loads.
var firmware = map[string][]string{
	"qemu-system-data": {"usr/share/qemu/qboot.rom", "usr/share/qemu/linuxboot_dma.bin"},
	"seabios":          {"usr/share/seabios/bios-microvm.bin"},
}

// run fills dir with what qemu.ProgramsIn names.
func (b *build) run(ctx context.Context, dir, work string, say tools.Say) error {
	for _, name := range packages {
		say("  unpacking %s %s", name, b.files[name].Version)
		if err := b.files[name].Unpack(ctx, filepath.Join(work, name)); err != nil {
			return err
		}
	}
	if err := b.compile(ctx, work, say); err != nil {
		return err
	}
	p := qemu.ProgramsIn(dir)
	copies := map[string]string{
		filepath.Join(work, "objects", "qemu-system-x86_64"):                          p.QEMU,
		filepath.Join(work, "vhost-device-vsock", "usr", "bin", "vhost-device-vsock"): p.Vsock,
	}
	for name, files := range firmware {
		for _, file := range files {
			copies[filepath.Join(work, name, file)] = filepath.Join(p.Firmware, filepath.Base(file))
		}
	}
	for from, to := range copies {
		if err := copyFile(from, to); err != nil {
			return err
		}
	}
	return nil
}

// compile builds QEMU in work/objects.
func (b *build) compile(ctx context.Context, work string, say tools.Say) error {
	sources, err := filepath.Glob(filepath.Join(work, "qemu", "qemu-*"))
	if err != nil || len(sources) != 1 {
		return fmt.Errorf("the source holds %d folders, want one", len(sources))
	}
	if err := apply(sources[0], edits); err != nil {
		return err
	}
	objects := filepath.Join(work, "objects")
	if err := os.Mkdir(objects, 0o755); err != nil {
		return err
	}
	c := tools.Command{
		Dir: objects, Log: filepath.Join(work, "configure.log"),
		Args: append([]string{filepath.Join(sources[0], "configure")}, configure...),
		// Debian stable's meson is too old for QEMU. The build runs it, too.
		Env: []string{
			"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=" + work,
			"PYTHONPATH=" + filepath.Join(work, "meson", "usr", "lib", "python3", "dist-packages"),
		},
	}
	if err := tools.Watch(ctx, say, c); err != nil {
		return err
	}
	c.Args, c.Log, c.Steps = []string{"ninja", "-j2", "qemu-system-x86_64"}, filepath.Join(work, "ninja.log"), ninjaSteps
	return tools.Watch(ctx, say, c)
}

// ninjaSteps reads "[12/1291] Compiling ...".
func ninjaSteps(line string, before int64) int64 {
	inside, found := strings.CutPrefix(line, "[")
	number, _, slash := strings.Cut(inside, "/")
	done, err := strconv.ParseInt(number, 10, 64)
	if !found || !slash || err != nil {
		return before
	}
	return done
}

func copyFile(from, to string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() {
		if e := out.Close(); err == nil {
			err = e
		}
	}()
	_, err = io.Copy(out, in)
	return err
}
