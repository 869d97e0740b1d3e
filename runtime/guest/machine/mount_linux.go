// Package machine has the system calls of PID 1.
package machine

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// mount is a file system and where it goes.
type mount struct {
	kind, target string
	flags        uintptr
	data         string
}

// mounts are made in the payload's root, in this order. They are those of AWS's init
// but for cgroups, which our kernel has not.
var mounts = []mount{
	{"devtmpfs", "/dev", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0755"},
	{"devpts", "/dev/pts", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0620,ptmxmode=0666"},
	{"tmpfs", "/dev/shm", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	{"proc", "/proc", unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV, ""},
	{"sysfs", "/sys", unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV, ""},
	{"tmpfs", "/run", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
	{"tmpfs", "/tmp", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
}

// links are what programs expect in /dev beside the kernel's nodes.
var links = map[string]string{
	"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
}

// OpenConsole mounts /dev and makes the console standard output and error. Without a
// console both stay as they are.
func OpenConsole() error {
	if err := mounts[0].make(); err != nil {
		return err
	}
	console, err := os.OpenFile("/dev/console", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening the console: %w", err)
	}
	defer func() { _ = console.Close() }()
	for _, fd := range []int{1, 2} {
		if err := unix.Dup3(int(console.Fd()), fd, 0); err != nil {
			return fmt.Errorf("using the console: %w", err)
		}
	}
	return nil
}

// SwitchRoot makes dir the root of this process and all that follow. The root of an
// initramfs cannot be unmounted or pivoted, so it is moved over, as switch_root(8) does.
func SwitchRoot(dir string) error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"binding", func() error { return unix.Mount(dir, dir, "", unix.MS_BIND, "") }},
		{"entering", func() error { return unix.Chdir(dir) }},
		{"moving", func() error { return unix.Mount(".", "/", "", unix.MS_MOVE, "") }},
		{"changing", func() error { return unix.Chroot(".") }},
		{"entering", func() error { return unix.Chdir("/") }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("switching the root: %s %s: %w", step.name, dir, err)
		}
	}
	return nil
}

// MountAll mounts what a program expects in its root. A kernel may lack some kinds of
// file systems, which is logged; that it lacks /proc or /dev is an error.
func MountAll(log *slog.Logger) error {
	for _, m := range mounts {
		err := m.make()
		if errors.Is(err, unix.ENODEV) && m.target != "/dev" && m.target != "/proc" {
			log.Debug("this kernel has no such file system", "kind", m.kind)
			continue
		}
		if err != nil {
			return err
		}
	}
	for name, target := range links {
		if err := os.Symlink(target, name); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func (m mount) make() error {
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.kind, m.target, m.kind, m.flags, m.data); err != nil {
		return fmt.Errorf("mounting %s: %w", m.target, err)
	}
	return nil
}
