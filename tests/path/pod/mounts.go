package pod

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// devices are what a container runtime gives to every container
// (opencontainers/runtime-spec, config-linux.md, "Default Devices").
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// fileSystem builds the container's root in an empty folder and enters it.
func fileSystem(s Spec, root string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("%w: keeping mounts private: %w", ErrUnavailable, err)
	}
	if err := mount("tmpfs", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	if err := system(root); err != nil {
		return err
	}
	for _, folder := range s.Scratch {
		options := fmt.Sprintf("mode=2777,size=%d,gid=%d", folder.Bytes, slices.Concat(s.Groups, []int{s.GID})[0])
		if err := mount("tmpfs", filepath.Join(root, folder.Path), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
			return err
		}
	}
	for _, m := range s.Mounts {
		if err := bind(m, root); err != nil {
			return err
		}
	}
	return enter(root)
}

// system mounts what every container has.
func system(root string) error {
	const quiet = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := mount("proc", filepath.Join(root, "proc"), "proc", quiet, ""); err != nil {
		return err
	}
	if err := mount("sysfs", filepath.Join(root, "sys"), "sysfs", quiet|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	if err := mount("tmpfs", filepath.Join(root, "dev"), "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755,size=65536k"); err != nil {
		return err
	}
	for _, name := range devices {
		path := filepath.Join("/dev", name)
		if err := bind(Mount{Source: path, Path: path, Writable: true}, root); err != nil {
			return err
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, options string) error {
	if err := os.MkdirAll(target, 0o755); err != nil { //nolint:gosec // as in an image
		return err
	}
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	return nil
}

func bind(m Mount, root string) error {
	target := filepath.Join(root, m.Path)
	if err := makeTarget(m.Source, target); err != nil {
		return err
	}
	if err := unix.Mount(m.Source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s at %s: %w", m.Source, m.Path, err)
	}
	if m.Writable {
		return nil
	}
	if err := unix.Mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("making %s read-only: %w", m.Path, err)
	}
	return nil
}

// makeTarget makes what a file or folder is mounted on.
func makeTarget(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(target, 0o755) //nolint:gosec // as in an image
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { //nolint:gosec // as in an image
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // as in an image
	if err != nil {
		return err
	}
	return file.Close()
}

// enter makes the folder the root, lets the old one go, and makes it read-only.
func enter(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("letting the old root go: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	for _, path := range []string{"/", "/dev"} {
		flags := uintptr(unix.MS_REMOUNT | unix.MS_RDONLY | unix.MS_NOSUID)
		if path == "/dev" {
			flags |= unix.MS_NOEXEC
		}
		if err := unix.Mount("", path, "", flags, ""); err != nil {
			return fmt.Errorf("making %s read-only: %w", strings.TrimPrefix(path, root), err)
		}
	}
	return nil
}
