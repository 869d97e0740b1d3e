// Package files writes the files that come from the parent into the payload's root.
package files

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a path may go through, as in Linux.
const maxLinks = 40

// kernelFolders are no place for files of the parent, by whatever path.
var kernelFolders = []string{"dev", "proc", "sys"}

// folder is where a walk has come to: descriptors from the root on, and the names
// between them.
type folder struct {
	fds   []int
	names []string
}

// fd is the folder's own descriptor.
func (f *folder) fd() int { return f.fds[len(f.fds)-1] }

func (f *folder) close() {
	for _, fd := range f.fds[1:] {
		_ = unix.Close(fd)
	}
}

func (f *folder) up() {
	if len(f.fds) > 1 {
		_ = unix.Close(f.fd())
		f.fds, f.names = f.fds[:len(f.fds)-1], f.names[:len(f.names)-1]
	}
}

func (f *folder) toRoot() {
	for len(f.fds) > 1 {
		f.up()
	}
}

// walk opens a folder below the root and makes what is missing. It follows symbolic
// links by itself, one component after the other: an absolute link starts at the root
// again and ".." stops there, so that no link leads out. openat2(2) can do that too,
// but AWS's kernel for enclaves (4.14) is older than it.
func walk(root int, dir string) (*folder, error) {
	f := &folder{fds: []int{root}}
	if err := f.walk(dir); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *folder) walk(dir string) error {
	links := 0
	for todo := split(dir); len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		if name == ".." {
			f.up()
			continue
		}
		target, err := f.enter(name)
		if err != nil {
			return err
		}
		if len(f.names) > 0 && slices.Contains(kernelFolders, f.names[0]) {
			return fmt.Errorf("it leads to /%s, which is the kernel's", f.names[0])
		}
		if target == "" {
			continue
		}
		if links++; links > maxLinks {
			return fmt.Errorf("more than %d symbolic links: %w", maxLinks, unix.ELOOP)
		}
		if path.IsAbs(target) {
			f.toRoot()
		}
		todo = append(split(target), todo...)
	}
	return nil
}

func split(dir string) []string {
	return slices.DeleteFunc(strings.Split(dir, "/"), func(name string) bool { return name == "" || name == "." })
}

// enter goes into a folder, or returns where a link leads.
func (f *folder) enter(name string) (link string, err error) {
	fd, err := f.open(name)
	if err != nil {
		return "", fmt.Errorf("opening the folder %q: %w", name, err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		_ = unix.Close(fd)
		return "", fmt.Errorf("opening the folder %q: %w", name, err)
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		f.fds, f.names = append(f.fds, fd), append(f.names, name)
		return "", nil
	case unix.S_IFLNK:
		defer func() { _ = unix.Close(fd) }()
		return readLink(fd, name)
	}
	_ = unix.Close(fd)
	return "", fmt.Errorf("opening the folder %q: %w", name, unix.ENOTDIR)
}

// open opens whatever has the name, and makes a folder where there is nothing.
func (f *folder) open(name string) (int, error) {
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(f.fd(), name, flags, 0)
	if !errors.Is(err, unix.ENOENT) {
		return fd, err
	}
	if len(f.names) == 0 && slices.Contains(kernelFolders, name) {
		return -1, err
	}
	if err := unix.Mkdirat(f.fd(), name, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
		return -1, err
	}
	return unix.Openat(f.fd(), name, flags, 0)
}

func readLink(fd int, name string) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buffer)
	if err != nil || n == 0 || n == len(buffer) {
		return "", fmt.Errorf("reading the link %q: %w", name, errors.Join(err, unix.ENOENT))
	}
	return string(buffer[:n]), nil
}
