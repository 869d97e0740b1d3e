//go:build linux

package qemu

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// Programs says where the emulator is.
type Programs struct {
	// QEMU is qemu-system-x86_64 with the machine nitro-enclave, which came with 9.2.
	QEMU string
	// Vsock is vhost-device-vsock.
	Vsock string
	// Firmware is the folder with the machine's ROMs.
	Firmware string
}

// ProgramsIn names the programs in a folder like that of contract.EnvQEMUDir.
func ProgramsIn(dir string) Programs {
	return Programs{
		QEMU: filepath.Join(dir, "qemu-system-x86_64"), Vsock: filepath.Join(dir, "vhost-device-vsock"),
		Firmware: filepath.Join(dir, "firmware"),
	}
}

// ROMs are the files of the firmware folder that the machine loads.
func ROMs() []string { return []string{"bios-microvm.bin", "linuxboot_dma.bin", "qboot.rom"} }

// absolute lets the programs run in any folder.
func (p Programs) absolute() (Programs, error) {
	for _, path := range []*string{&p.QEMU, &p.Vsock, &p.Firmware} {
		var err error
		if *path, err = filepath.Abs(*path); err != nil {
			return p, err
		}
	}
	return p, nil
}

// faults are what is not there, or not to be used.
func (p Programs) faults() []error {
	var faults []error
	for _, path := range []string{p.QEMU, p.Vsock} {
		if err := usable(path, unix.X_OK); err != nil {
			faults = append(faults, err)
		}
	}
	for _, name := range ROMs() {
		if err := usable(filepath.Join(p.Firmware, name), unix.R_OK); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}

func usable(path string, mode uint32) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", path)
	}
	return access(path, mode)
}

// access asks with the rights that count, those of the effective user.
func access(path string, mode uint32) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}

// programsCure is what to do about a program that is missing.
const programsCure = "set " + contract.EnvQEMUDir + " to a folder with qemu-system-x86_64, vhost-device-vsock and firmware, as `make emulator` builds it"
