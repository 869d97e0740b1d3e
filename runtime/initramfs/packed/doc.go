// Package packed compresses a ramdisk as Linux unpacks it, and unpacks it again to look
// into it.
//
// The form is xz (https://tukaani.org/xz/xz-file-format.txt) with one block, LZMA2 alone
// and CRC-32, since Linux's decoder checks no other sum (Documentation/staging/xz.rst).
// The bytes of a stream, its header to its footer, are a multiple of four, which the
// kernel asks of an archive that another follows.
package packed
