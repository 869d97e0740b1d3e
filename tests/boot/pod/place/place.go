// Package place says where the pod of the boot tests has its files.
package place

const (
	// Program is the pod's own.
	Program = "/pod"
	// Emulator is the folder with QEMU.
	Emulator = "/opt/emulator"
	// Image is the enclave image.
	Image = "/image.eif"
)
