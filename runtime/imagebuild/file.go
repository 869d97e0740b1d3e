package imagebuild

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Draft is a file in the making. It stands beside its final place under a name of its
// own, and is there entirely or not at all.
type Draft struct {
	*os.File
	path string
	kept bool
}

// NewDraft begins a file. Discard it in any case; after Keep that does nothing.
func NewDraft(path string) (*Draft, error) {
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%s.tmp", filepath.Base(path), rand.Text()))
	// Not os.CreateTemp, whose files only their owner may read.
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &Draft{File: f, path: path}, nil
}

// Keep puts the file in its place, once it is on the disk.
func (d *Draft) Keep() error {
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return err
	}
	if err := os.Rename(d.Name(), d.path); err != nil {
		return err
	}
	d.kept = true
	return syncFolder(filepath.Dir(d.path))
}

// Discard removes the file unless it was kept.
func (d *Draft) Discard() {
	if !d.kept {
		_ = d.Close()
		_ = os.Remove(d.Name())
	}
}

// syncFolder makes a rename last through a crash.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
