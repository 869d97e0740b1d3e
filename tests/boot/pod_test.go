package boot

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/pod/place"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/emulator"
)

// TestPod starts an enclave with the rights of a pod: see the command. Its root has the
// files that emulator.Files lists and nothing else, not even /proc.
func TestPod(t *testing.T) {
	m := newMachine(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, for chroot and mounts")
	}
	files, err := emulator.Files(t.Context(), m.programs, place.Emulator)
	if err != nil {
		t.Fatal(err)
	}
	pod := buildProgram(t, ".", "./boot/pod")
	files = append(files, emulator.File{Path: place.Program, Source: pod}, emulator.File{Path: place.Image, Source: m.enclaveImage(t).path})
	root := t.TempDir()
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, f.Path)), 0o755); err != nil { //nolint:gosec // an image's
			t.Fatal(err)
		}
		copyProgram(t, f.Source, filepath.Join(root, f.Path))
	}
	for _, folder := range []string{"dev", contract.TempDir} {
		if err := os.Mkdir(filepath.Join(root, folder), 0o755); err != nil { //nolint:gosec // an image's
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "dev/null"), "")
	cmd := exec.CommandContext(t.Context(), pod, "setup", root) //nolint:gosec // built above
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "user 65532 booted i-") {
		t.Errorf("%v\n%s", err, out)
	}
}
