package emulator

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
)

// TestFilesAreEnough runs the programs where nothing but their files is.
func TestFilesAreEnough(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this test builds QEMU")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, for chroot")
	}
	programs, err := Build(t.Context(), os.Stderr)
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := Files(t.Context(), programs, "/opt/emulator")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, f := range files {
		if err := copyFile(f.Source, filepath.Join(root, f.Path)); err != nil {
			t.Fatal(err)
		}
		t.Log(f.Path)
	}
	inside := qemu.ProgramsIn("/opt/emulator")
	for program, want := range map[string]string{inside.QEMU: "QEMU emulator version", inside.Vsock: "vhost-device-vsock "} {
		cmd := exec.CommandContext(t.Context(), program, "--version")
		cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{}, strings.NewReader("")
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s --version: %v\n%s", program, err, out)
		}
	}
	for _, name := range qemu.ROMs() {
		if _, err := os.Stat(filepath.Join(root, inside.Firmware, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestParseList(t *testing.T) {
	got, err := parseList([]byte("\tlinux-vdso.so.1 (0x00007ffc)\n\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f)\n" +
		"\tlibc.so.6 => /a folder (1)/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 => /lib64/ld.so (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"libz.so.1": "/lib/x86_64-linux-gnu/libz.so.1", "libc.so.6": "/a folder (1)/libc.so.6"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line, want := range map[string]string{
		"\tlibfdt.so.1 => not found\n": "libfdt.so.1: not found",
		"\tlibz.so.1 => /lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libz.so.1 (0x1)\n": "newer processors",
	} {
		if _, err := parseList([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestFilesOfNoProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Files(t.Context(), qemu.Programs{QEMU: path, Vsock: path, Firmware: t.TempDir()}, "/x"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}
