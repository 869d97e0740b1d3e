package podimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// WriteFolders writes each layer into a folder of its name, below dir: for
// Dockerfile.nitro, which copies one after the other onto nothing. The folder must not be
// there, or be empty.
func (p Plan) WriteFolders(ctx context.Context, dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fault.Fault{Property: "folders", Value: dir, Rule: "is there and is not empty", WayOut: "name a new folder"}
	}
	for _, l := range p.Layers {
		for _, f := range l.Files {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := f.place(filepath.Join(dir, l.Name, filepath.FromSlash(f.Path))); err != nil {
				return fmt.Errorf("layer %s: %w", l.Name, err)
			}
		}
	}
	return nil
}

func (f File) place(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // an image's folder
		return err
	}
	switch f.Mode.Type() {
	case fs.ModeDir:
		if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // an image's folder
			return err
		}
		return os.Chmod(path, f.Mode) // whatever the umask
	case fs.ModeSymlink:
		return os.Symlink(f.Link, path)
	default:
		return f.copyTo(path)
	}
}

func (f File) copyTo(path string) error {
	r, err := f.Content.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close(), os.Chmod(path, f.Mode.Perm()))
}
