package kernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
)

// TestCommentsCostNoBuild: the cache's name follows from settings and inputs only.
func TestCommentsCostNoBuild(t *testing.T) {
	hash := func(fragment string, chain kernel.Toolchain, pin debian.Pin) string {
		settings, err := kernel.Normal(fragment)
		if err != nil {
			t.Fatal(err)
		}
		return target{arch: kernel.X8664}.recipe(pin, settings, chain, nil).Hash()
	}
	chain, pin := kernel.Toolchain{Compiler: "gcc 12", Linker: "ld 2.40"}, debian.Pin{SHA256: "ab"}
	first := hash("# Why.\nCONFIG_A=y\n", chain, pin)
	if hash("# Why, in better words.\n\nCONFIG_A=y\n", chain, pin) != first {
		t.Error("a comment makes another kernel")
	}
	for name, other := range map[string]string{
		"setting":    hash("CONFIG_A=n\n", chain, pin),
		"compiler":   hash("CONFIG_A=y\n", kernel.Toolchain{Compiler: "gcc 13", Linker: "ld 2.40"}, pin),
		"linker":     hash("CONFIG_A=y\n", kernel.Toolchain{Compiler: "gcc 12", Linker: "ld 2.41"}, pin),
		"compressor": hash("CONFIG_A=y\n", kernel.Toolchain{Compiler: "gcc 12", Linker: "ld 2.40", Compressor: "xz 5"}, pin),
		"source":     hash("CONFIG_A=y\n", chain, debian.Pin{SHA256: "cd"}),
	} {
		if other == first {
			t.Errorf("another %s makes no other kernel", name)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, a := range []kernel.Architecture{kernel.X8664, kernel.ARM64} {
		if _, err := targetFor(a); err != nil {
			t.Error(err)
		}
	}
	if _, err := targetFor("mips"); err == nil || !strings.Contains(err.Error(), `"mips"`) {
		t.Errorf("an unknown architecture: %v", err)
	}
}

func TestRecordDescribesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"bzImage": "image", "config": "CONFIG_A=y\nCONFIG_RD_XZ=y\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := build{settings: "CONFIG_A=y\n", chain: kernel.Toolchain{Compiler: "gcc", Linker: "ld"},
		source: debian.File{Pin: debian.Pin{Package: "linux", Version: "1", SHA256: "ab"}}}
	b.target, _ = targetFor(kernel.X8664)
	if err := b.record(dir); err != nil {
		t.Fatal(err)
	}
	got, err := kernel.ReadRecord(filepath.Join(dir, kernel.RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	want := kernel.Record{
		Architecture: kernel.X8664, Image: "bzImage", Size: 5, SHA256: digest([]byte("image")),
		SettingsSHA256: digest([]byte("CONFIG_A=y\n")), ConfigSHA256: digest([]byte("CONFIG_A=y\nCONFIG_RD_XZ=y\n")), Ramdisks: []string{"xz"},
		Toolchain: kernel.Toolchain{Compiler: "gcc", Linker: "ld"}, Environment: environment,
	}
	want.Source.Package, want.Source.Version, want.Source.SHA256 = "linux", "1", "ab"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestStockIsPinned: all that Debian's kernel is made of has a digest.
func TestStockIsPinned(t *testing.T) {
	for _, name := range stockPackages() {
		if pins, err := debian.Pins(name); err != nil || len(pins) == 0 {
			t.Errorf("%s: %v, %v", name, pins, err)
		}
	}
}

func TestObjects(t *testing.T) {
	count := int64(0)
	for _, line := range []string{"make[1]: Entering directory", "  CC      kernel/fork.o", "  LD      vmlinux", "warning: x"} {
		count = objects(line, count)
	}
	if count != 2 {
		t.Errorf("counted %d", count)
	}
}
