package initramfs

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// DirectoryOptions say what of a folder's own attributes is kept.
type DirectoryOptions struct {
	// KeepOwners keeps user and group numbers. Without it everything belongs to 0,
	// so that it does not matter who builds.
	KeepOwners bool
	// KeepModes keeps permission bits. Without it files are 0755 when their owner may
	// execute them, else 0644, with their setuid and setgid bits; directories are
	// 0755, or 1777 when they are sticky: so it does not matter under which umask
	// they were made.
	KeepModes bool
}

// FromDirectory returns the tree of a folder. Contents stay there and are opened
// when an archive is read; until then the folder must not change.
//
// Hard links become files of their own, because the ways in which folders travel (cp,
// git) do not keep them. Extended attributes are not read.
func FromDirectory(ctx context.Context, dir string, o DirectoryOptions) (*Tree, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	t := NewTree()
	if err := t.Directory("", o.attributes(info)); err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return t.addFromDisk(name, path, d, o)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Tree) addFromDisk(name, path string, d fs.DirEntry, o DirectoryOptions) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	a := o.attributes(info)
	switch info.Mode().Type() {
	case fs.ModeDir:
		return t.Directory(name, a)
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return t.Symlink(name, target, a)
	case 0:
		content, err := blob.File(path)
		if err != nil {
			return err
		}
		return t.File(name, a, content)
	default:
		return t.add(name, &inode{kind: special, Attributes: a, target: describeMode(info.Mode())})
	}
}

func (o DirectoryOptions) attributes(info fs.FileInfo) Attributes {
	a := Attributes{Mode: unixMode(info.Mode())}
	if !o.KeepModes {
		a.Mode = uniformMode(info.Mode())
	}
	if o.KeepOwners {
		a.UID, a.GID = ownerOf(info)
	}
	return a
}

// unixMode returns the lower twelve bits of a Unix mode.
func unixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		mode |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		mode |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	return mode
}

// uniformMode leaves out what a umask or the setgid bit of a parent folder decides.
func uniformMode(m fs.FileMode) uint32 {
	switch {
	case m.IsDir() && m&fs.ModeSticky != 0:
		return 0o1777
	case m.IsDir():
		return 0o755
	case m&0o100 != 0:
		return 0o755 | unixMode(m)&0o6000
	default:
		return 0o644 | unixMode(m)&0o6000
	}
}

func describeMode(m fs.FileMode) string {
	switch {
	case m&fs.ModeDevice != 0:
		return "device node"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	default:
		return "special file"
	}
}
