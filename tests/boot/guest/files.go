package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/boot/guest/report"
)

// payload is where the customer's ramdisk has the payload's root.
const payload = "/rootfs"

// files lists the payload's root.
func files() ([]report.File, error) {
	var all []report.File
	err := filepath.WalkDir(payload, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		f := report.File{Path: path, Mode: stat.Mode, UID: stat.Uid, GID: stat.Gid, Links: stat.Nlink}
		if d.Type() == fs.ModeSymlink {
			f.Content, err = os.Readlink(path)
		} else if d.Type().IsRegular() {
			f.Content, err = digest(path)
		}
		all = append(all, f)
		return err
	})
	return all, err
}

func digest(path string) (string, error) {
	data, err := os.ReadFile(path)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}
