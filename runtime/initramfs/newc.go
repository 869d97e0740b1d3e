package initramfs

import (
	"fmt"
	"math"
)

// maxFile is the largest file of a newc archive, whose header has 32 bits for it.
const maxFile = math.MaxUint32

// File types in a Unix mode.
const (
	modeDirectory = 0o040000
	modeRegular   = 0o100000
	modeSymlink   = 0o120000
)

// alignment of headers and contents. The kernel also looks for the next archive of a
// concatenation at a multiple of it, and every archive of ours ends at one.
const alignment = 4

// headerSize is the fixed part of a header: a magic of 6 and 13 numbers of 8 digits.
const headerSize = 6 + 13*8

// header is what varies in a newc header. Time, device numbers and checksum are 0.
type header struct {
	inode, mode, uid, gid, links, size uint32
	path                               string
}

// bytes returns the header with its path and the padding after it.
func (h header) bytes() []byte {
	b := fmt.Appendf(make([]byte, 0, headerSize+len(h.path)+alignment),
		"070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		h.inode, h.mode, h.uid, h.gid, h.links, 0, h.size, 0, 0, 0, 0, len(h.path)+1, 0, h.path)
	return append(b, padding(int64(len(b)))...)
}

// padding returns the zeros that follow so many bytes.
func padding(size int64) []byte {
	return make([]byte, -size&(alignment-1))
}

// padded is a size with its padding.
func padded(size int64) int64 { return (size + alignment - 1) &^ (alignment - 1) }
