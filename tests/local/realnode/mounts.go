package realnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// hiddenFolders are those that the node has for itself, in memory: what a kubelet and a
// container runtime keep on a machine.
var hiddenFolders = []string{"/run", "/var/lib", "/var/log"}

// mounts makes the node's own /proc and folders, and lets mounts that the kubelet makes
// reach the containers, as on a real machine.
func mounts() error {
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("%w: /proc is refused: %w", ErrUnavailable, err)
	}
	for _, folder := range hiddenFolders {
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mounting %s: %w", folder, err)
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing mounts: %w", err)
	}
	return nil
}

// kubeletSysctls are the settings of the kernel that the kubelet writes. They are the
// machine's, not a namespace's.
var kubeletSysctls = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// sysctls covers them with files, so that the kubelet sets nothing.
func sysctls() error {
	for _, name := range kubeletSysctls {
		path := filepath.Join("/proc/sys", name)
		value, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		cover := filepath.Join("/run/sysctl", name)
		if err := os.MkdirAll(filepath.Dir(cover), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(cover, value, 0o644); err != nil { //nolint:gosec // as the original
			return err
		}
		if err := unix.Mount(cover, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("covering %s: %w", path, err)
		}
	}
	return nil
}

// hostDevice is the node's device: /dev is the machine's, so it is elsewhere.
const hostDevice = "/run/nitro_enclaves"

// device makes a second /dev/null that may be opened as the enclave device of our nodes
// may be: user data gives that one to the same group.
func device() error {
	const null = 1<<8 | 3
	if err := unix.Mknod(hostDevice, unix.S_IFCHR|0o660, null); err != nil {
		return fmt.Errorf("%w: making a device: %w", ErrUnavailable, err)
	}
	return errors.Join(os.Chown(hostDevice, 0, contract.DeviceGroupID), os.Chmod(hostDevice, 0o660))
}

// writeProfiles puts the seccomp profiles where user data does.
func (n *inside) writeProfiles() error {
	for name, profile := range n.options.SeccompProfiles {
		path := filepath.Join(contract.SeccompRoot, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, profile, 0o644); err != nil { //nolint:gosec // no secret
			return err
		}
	}
	return nil
}
