package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

// takeOwnKernel fills in our kernel, and the command line that belongs to it, where no
// kernel was named.
func (f *eifBuildFlags) takeOwnKernel() error {
	if f.Kernel != "" {
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("looking for the kernel that `make kernel` builds: %w; use --kernel", err)
	}
	if f.Kernel, err = ownKernel(filepath.Join(cache, "pulumi-containment-chamber"), f.Architecture); err != nil {
		return err
	}
	f.own = true
	if f.Cmdline == "" {
		f.Cmdline = kernel.CommandLine
	}
	return nil
}

// ownKernel finds the kernel that `make kernel` has built last from the settings of this
// version: it keeps each below a digest of what it was made of (see docs/kernel.md), also
// those of other versions, which would give other measurements.
func ownKernel(cache string, arch eif.Architecture) (string, error) {
	name, target := "bzImage", "make kernel"
	if arch == eif.ARM64 {
		name, target = "Image", "make kernel-arm64"
	}
	found, err := filepath.Glob(filepath.Join(cache, "kernel-"+string(arch)+"-*", name))
	if err != nil {
		return "", err
	}
	settings, err := kernel.SettingsDigest(arch)
	if err != nil {
		return "", err
	}
	var newest string
	var when time.Time
	for _, path := range found {
		record, err := kernel.ReadRecord(filepath.Join(filepath.Dir(path), kernel.RecordFile))
		if err != nil || record.SettingsSHA256 != settings {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.ModTime().After(when) {
			newest, when = path, info.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("there is no kernel of this version for %s in %s: run `%s`, or name one with --kernel", arch, cache, target)
	}
	return newest, nil
}
