//go:build linux

package qemu

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Sockets in an enclave's folder.
const (
	// deviceSocket is where QEMU meets its vsock device.
	deviceSocket = "s"
	// hybridSocket leads to the enclave's ports, and begins the names of the host's.
	hybridSocket = "v"
)

// maxSocketPath is the longest path of a unix socket (sun_path of unix(7), without the
// zero byte at its end).
const maxSocketPath = 107

// slotBytes is the size of what nitro-cli makes the end of an enclave's ID of: the slot's
// 64 bit identifier.
const slotBytes = 8

// newID makes an ID in nitro-cli's form.
func newID(parent string) string {
	slot := make([]byte, slotBytes)
	_, _ = rand.Read(slot) // it never fails
	return parent + "-enc" + hex.EncodeToString(slot)
}

// folderName is the end of the ID, which alone is random.
func folderName(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

// makeFolder makes the enclave's folder. Who may enter it may talk to the enclave.
func makeFolder(parent, id string) (string, error) {
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", err
	}
	if excess := excessOf(parent); excess > 0 {
		return "", fmt.Errorf("making a folder for the enclave's sockets: %q is %d bytes too long for the path of a unix socket", parent, excess)
	}
	dir := filepath.Join(parent, folderName(id))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for the enclave's sockets: %w", err)
	}
	return dir, nil
}

// excessOf is by how many bytes the longest socket below an absolute path is too long.
func excessOf(parent string) int {
	longest := filepath.Join(parent, folderName(newID("")), hybridSocket+"_4294967295")
	return max(0, len(longest)-maxSocketPath)
}
