package files

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// DefaultMode is the mode of a file that names none.
const DefaultMode = 0o400

// Owner owns the files; their folders belong to root.
type Owner struct{ UID, GID int }

// Root is the payload's root.
type Root struct {
	dir   *os.File
	owner Owner
}

// OpenRoot opens a root whose files owner gets.
func OpenRoot(dir string, owner Owner) (*Root, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the payload's root: %w", err)
	}
	return &Root{dir: f, owner: owner}, nil
}

// Close closes the root.
func (r *Root) Close() error { return r.dir.Close() }

// Write puts files in their places. Each is there entirely or as it was before: a
// reader never sees half of one. Folders that are missing are made. A symbolic link in
// a folder's place is followed within the root; one in the file's place is replaced.
// After an error the files before the named one are written.
func (r *Root) Write(list []control.File) error {
	for _, file := range list {
		if err := r.write(file); err != nil {
			return fmt.Errorf("writing %s: %w", file.Path, err)
		}
	}
	return nil
}

func (r *Root) write(file control.File) error {
	dir, name := path.Split(path.Clean("/" + file.Path))
	if name == "" {
		return errors.New("is no path of a file")
	}
	parent, err := walk(int(r.dir.Fd()), dir)
	if err != nil {
		return err
	}
	defer parent.close()
	if len(parent.names) == 0 && slices.Contains(kernelFolders, name) {
		return errors.New("is the kernel's")
	}
	temp := ".chamber-" + rand.Text()
	if err := r.fill(parent.fd(), temp, file); err != nil {
		_ = unix.Unlinkat(parent.fd(), temp, 0)
		return err
	}
	if err := unix.Renameat(parent.fd(), temp, parent.fd(), name); err != nil {
		_ = unix.Unlinkat(parent.fd(), temp, 0)
		return fmt.Errorf("putting it in its place: %w", err)
	}
	return nil
}

// fill makes the temporary file. Nobody but root can open it before it is complete.
func (r *Root) fill(parent int, temp string, file control.File) (err error) {
	fd, err := unix.Openat(parent, temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("making a temporary file: %w", err)
	}
	f := os.NewFile(uintptr(fd), temp)
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(file.Content); err != nil {
		return err
	}
	if err := f.Chown(r.owner.UID, r.owner.GID); err != nil {
		return err
	}
	mode := file.Mode.Perm()
	if mode == 0 {
		mode = DefaultMode
	}
	return f.Chmod(mode)
}
