package imagebuild

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs"
)

// unknown stands in the metadata for what cannot be told.
const unknown = "unknown"

// Where a bzImage has its magic and the pointer to its release, counted from pointerBase
// (Linux, Documentation/arch/x86/boot.rst), and an arm64 Image its magic
// (Documentation/arch/arm64/booting.rst).
const (
	bzImageMagicAt   = 0x202
	bzImageReleaseAt = 0x20E
	pointerBase      = 0x200
	arm64MagicAt     = 56
	// kernelHead has all of them: a bzImage's setup sectors are at most 32 KiB.
	kernelHead = 64 << 10
)

// checkKernel refuses a kernel that the enclave could not start, and returns its
// release.
func checkKernel(kernel initramfs.Content, a eif.Architecture) (string, error) {
	head, err := readHead(kernel)
	if err != nil {
		return "", err
	}
	switch {
	case a == eif.X8664 && bytes.HasPrefix(tail(head, bzImageMagicAt), []byte("HdrS")):
		return kernelRelease(head), nil
	case a == eif.X8664:
		return "", errors.New("must be a bzImage, the form of kernels for x86_64")
	case !bytes.HasPrefix(tail(head, arm64MagicAt), []byte("ARM\x64")):
		return "", fmt.Errorf("must be an uncompressed Image, the form of kernels for %s", a)
	}
	return unknown, nil // an Image does not say it
}

func readHead(c initramfs.Content) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(io.LimitReader(r, kernelHead))
	return head, errors.Join(err, r.Close())
}

// tail is what begins at an offset, or nothing.
func tail(b []byte, at int) []byte { return b[min(at, len(b)):] }

func kernelRelease(head []byte) string {
	pointer := tail(head, bzImageReleaseAt)
	if len(pointer) < 2 {
		return unknown
	}
	text, _, ok := bytes.Cut(tail(head, pointerBase+int(binary.LittleEndian.Uint16(pointer))), []byte{0})
	release, _, _ := strings.Cut(string(text), " ")
	if !ok || release == "" || len(release) > 128 || strings.ContainsFunc(release, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return unknown
	}
	return release
}
