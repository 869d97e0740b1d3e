package newc

import (
	"bytes"
	"fmt"
	"strconv"
)

// MaxName is the longest name, without its NUL: Linux's PATH_MAX has room for one.
const MaxName = 4095

// File types in [Entry.Mode], as in stat(2).
const (
	TypeMask      = 0o170000
	TypeRegular   = 0o100000
	TypeDirectory = 0o040000
	TypeSymlink   = 0o120000
)

const (
	magic    = "070701"
	trailer  = "TRAILER!!!"
	fields   = 13
	fixed    = len(magic) + 8*fields // the header without its name
	maxEntry = int64(fixed + MaxName + 1)
	align    = 4
)

// Entry is the header of one name in an archive.
type Entry struct {
	Name string
	// Mode has the type and the permission bits.
	Mode uint32
	// UID and GID own the file.
	UID, GID uint32
	// Links counts the names of the same file; they share an Inode.
	Links, Inode uint32
	// ModTime is in seconds since 1970.
	ModTime uint32
	// DeviceMajor and DeviceMinor are where the file was; SpecialMajor and SpecialMinor
	// are what a device node stands for.
	DeviceMajor, DeviceMinor   uint32
	SpecialMajor, SpecialMinor uint32
	// Size is the content's number of bytes: a symbolic link's target, a file's bytes.
	Size int64
	// Offset is where the content begins in the file.
	Offset int64
}

// parse reads the fixed part of a header. The name is not there yet; its length,
// with the NUL, comes back.
func parse(b []byte) (Entry, int, error) {
	if got := b[:len(magic)]; !bytes.Equal(got, []byte(magic)) {
		return Entry{}, 0, fmt.Errorf("magic (%q): must be %q", got, magic)
	}
	var v [fields]uint32
	for i := range v {
		text := b[len(magic)+8*i:][:8]
		n, err := strconv.ParseUint(string(text), 16, 32)
		if err != nil {
			return Entry{}, 0, fmt.Errorf("field %d (%q): must be 8 hexadecimal digits", i, text)
		}
		v[i] = uint32(n)
	}
	e := Entry{
		Inode: v[0], Mode: v[1], UID: v[2], GID: v[3], Links: v[4], ModTime: v[5], Size: int64(v[6]),
		DeviceMajor: v[7], DeviceMinor: v[8], SpecialMajor: v[9], SpecialMinor: v[10],
	}
	if n := v[11]; n < 2 || n > MaxName+1 {
		return Entry{}, 0, fmt.Errorf("length of the name (%d): must be from 2 to %d, with its NUL", n, MaxName+1)
	}
	return e, int(v[11]), nil
}

// name takes a name off its NUL.
func name(b []byte) (string, error) {
	if i := bytes.IndexByte(b, 0); i != len(b)-1 {
		return "", fmt.Errorf("name (%.100q): must end with its only NUL", b)
	}
	return string(b[:len(b)-1]), nil
}

func padded(n int64) int64 { return (n + align - 1) &^ (align - 1) }
