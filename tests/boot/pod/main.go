// Command pod starts an enclave as a supervisor in a pod does, with no more rights than
// that has: it is not root and has no capabilities, no network and a root file system
// that is read-only but for /tmp. It is started as root, in namespaces of its own, and
// takes away the rest itself.
//
//	pod setup ROOT    makes ROOT the root file system, drops all rights, and goes on as
//	pod run           which launches /image.eif and ends it after its first sign of life
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch/qemu"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/pod/place"
)

// limit is for one boot, which takes seconds.
const limit = 2 * time.Minute

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "setup":
		err = setup(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "run":
		err = run()
	default:
		err = fmt.Errorf("arguments %q", os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pod:", err)
		os.Exit(1)
	}
}

func setup(root string) error {
	runtime.LockOSThread() // no_new_privs is a thread's
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"none", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{root, root, "", unix.MS_BIND},
		{"/dev/null", root + "/dev/null", "", unix.MS_BIND}, // every container has it
		{"none", root, "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY | unix.MS_NOSUID},
		{"tmpfs", root + contract.TempDir, "tmpfs", 0},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	if err := unix.Chroot(root); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
		// A kernel may know fewer.
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(contract.GroupID); err != nil {
		return err
	}
	if err := syscall.Setuid(contract.UserID); err != nil {
		return err
	}
	return syscall.Exec(place.Program, []string{place.Program, "run"}, []string{})
}

func run() error {
	if err := os.WriteFile("/anywhere", nil, 0o600); err == nil {
		return fmt.Errorf("the root file system can be written to")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	l := &qemu.Launcher{Programs: qemu.ProgramsIn(place.Emulator)}
	r := launch.Request{Image: place.Image, CPUs: 1, MemoryMiB: 256}
	if err := launch.Findings(l.Preflight(ctx, r)).Err(); err != nil {
		return err
	}
	enclave, err := l.Launch(ctx, r)
	if err != nil {
		return err
	}
	if err := enclave.Booted(ctx); err != nil {
		return err
	}
	if err := enclave.Terminate(ctx); err != nil {
		return err
	}
	left, err := os.ReadDir(contract.TempDir)
	if err != nil || len(left) != 0 {
		return fmt.Errorf("left %v, %w", left, err)
	}
	fmt.Printf("user %d booted %s\n", os.Getuid(), enclave.Info().ID)
	return enclave.Err()
}
