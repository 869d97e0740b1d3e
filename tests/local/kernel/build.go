package kernel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/tools"
)

// environment takes time, user, machine and language out of the result. There is
// nothing else: make reads many variables, and a compiler of the user's own is not
// what kernel.json names.
var environment = []string{
	"KBUILD_BUILD_TIMESTAMP=1970-01-01 00:00:00 UTC", "KBUILD_BUILD_USER=enclave", "KBUILD_BUILD_HOST=enclave",
	"KBUILD_BUILD_VERSION=1", "SOURCE_DATE_EPOCH=0", "LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
}

// build is one build, in a folder that is moved into the cache afterwards.
type build struct {
	target
	source   debian.File
	settings string
	chain    kernel.Toolchain
}

// run fills dir with the kernel, its configuration and the record.
func (b build) run(ctx context.Context, dir, work string, say tools.Say) error {
	if err := b.unpack(ctx, work, say); err != nil {
		return err
	}
	if err := b.configure(ctx, work, say); err != nil {
		return err
	}
	if err := b.make(ctx, work, "make.log", say, "-j2", b.image); err != nil {
		return err
	}
	for from, to := range map[string]string{
		filepath.Join("out", "arch", b.linux, "boot", b.image): b.image, filepath.Join("out", ".config"): "config",
	} {
		if err := os.Rename(filepath.Join(work, from), filepath.Join(dir, to)); err != nil {
			return err
		}
	}
	return b.record(dir)
}

// unpack leaves the source, 1.7 GB, in work/source. Debian's package holds an archive.
func (b build) unpack(ctx context.Context, work string, say tools.Say) error {
	say("  unpacking %s %s", b.source.Package, b.source.Version)
	if err := b.source.Unpack(ctx, filepath.Join(work, "package")); err != nil {
		return err
	}
	archive := filepath.Join(work, "package", "usr", "src", source+".tar.xz")
	if err := os.MkdirAll(filepath.Join(work, "source"), 0o755); err != nil {
		return err
	}
	return tools.Watch(ctx, say, tools.Command{
		Env:  environment,
		Args: []string{"tar", "-C", filepath.Join(work, "source"), "--strip-components=1", "-xJf", archive},
		Log:  filepath.Join(work, "tar.log"),
	})
}

// configure makes out/.config from the settings and holds it to them.
func (b build) configure(ctx context.Context, work string, say tools.Say) error {
	fragment := filepath.Join(work, "fragment")
	if err := os.WriteFile(fragment, []byte(b.settings), 0o600); err != nil {
		return err
	}
	if err := b.make(ctx, work, "configure.log", say, "KCONFIG_ALLCONFIG="+fragment, "allnoconfig"); err != nil {
		return err
	}
	config, err := os.ReadFile(filepath.Join(work, "out", ".config"))
	if err != nil {
		return err
	}
	if err := kernel.Check(b.settings, string(config)); err != nil {
		return fmt.Errorf("runtime/kernel asks for what %s %s does not give:\n%w", b.source.Package, b.source.Version, err)
	}
	return nil
}

func (b build) make(ctx context.Context, work, log string, say tools.Say, goals ...string) error {
	args := []string{"make", "-C", filepath.Join(work, "source"), "O=" + filepath.Join(work, "out"), "ARCH=" + b.linux}
	if b.cross != "" {
		args = append(args, "CROSS_COMPILE="+b.cross)
	}
	return tools.Watch(ctx, say, tools.Command{
		Args: append(args, goals...), Env: environment, Log: filepath.Join(work, log), Steps: objects,
	})
}

// objects counts what make says of files that it makes: "  CC      kernel/fork.o".
func objects(line string, before int64) int64 {
	if strings.HasPrefix(line, "  ") {
		return before + 1
	}
	return before
}
