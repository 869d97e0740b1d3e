package imagebuild

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Draft is a file in the making. It stands beside its final place under a name of its
// own, and is there entirely or not at all.
type Draft struct {
	*os.File
	path string
	kept bool
}

// NewDraft begins a file. Discard it in any case; after Keep that does nothing. What is
// at the path must be a regular file: devices and pipes cannot be replaced as a whole.
func NewDraft(path string) (*Draft, error) {
	if err := checkReplaceable(path); err != nil {
		return nil, err
	}
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%s.tmp", filepath.Base(path), rand.Text()))
	// Not os.CreateTemp, whose files only their owner may read.
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &Draft{File: f, path: path}, nil
}

func checkReplaceable(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fault.Fault{Property: "output", Value: path, Rule: "is there and is no regular file", WayOut: "name a file, which may be new"}
	}
	return nil
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
