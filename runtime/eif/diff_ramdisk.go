package eif

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs/newc"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/initramfs/packed"
)

// Bounds of a ramdisk's list of files. One with more is compared byte by byte.
const (
	maxFiles     = 1 << 19
	maxNameBytes = 64 << 20
	// maxUnpacked is what a compressed ramdisk may unpack to. Two are held at a time; an
	// init takes some megabytes.
	maxUnpacked = 64 << 20
)

func (d *differ) ramdisks(a, b []span) {
	for i := range max(len(a), len(b)) {
		where := fmt.Sprintf("ramdisk[%d]", i)
		switch {
		case i >= len(a):
			d.add(where, "section", "", fmt.Sprintf("%d bytes", b[i].size))
		case i >= len(b):
			d.add(where, "section", fmt.Sprintf("%d bytes", a[i].size), "")
		default:
			d.ramdisk(where, a[i], b[i])
		}
	}
}

// ramdisk compares files, and bytes if that explains nothing.
func (d *differ) ramdisk(where string, a, b span) {
	if d.stopped() {
		return
	}
	at, err := d.first(a, b)
	if err != nil {
		d.err = fmt.Errorf("comparing %s: %w", where, err)
	}
	if err != nil || at < 0 {
		return
	}
	before := len(d.found)
	d.text(where, "compression", compression(a), compression(b))
	if x, err := listUnpacked(a); err == nil {
		if y, err := listUnpacked(b); err == nil {
			d.files(where, x, y)
			d.details(where, x, y, before)
		}
	}
	if len(d.found) == before {
		d.content(where, a, b)
	}
}

// files are the entries of a ramdisk in their order. The index has the first of each
// name; the kernel would unpack repeated ones over it, and they are left to the bytes.
type files struct {
	data    span
	entries []newc.Entry
	index   map[string]int
}

// errManyFiles ends a list that would take too much memory.
var errManyFiles = errors.New("too many files")

// listUnpacked lists a ramdisk that may be compressed. It is unpacked into memory, within
// a bound: one that is larger, or of another form, is compared byte by byte.
func listUnpacked(data span) (*files, error) {
	if compression(data) == "none" {
		return list(data)
	}
	content, err := packed.Unpack(data.reader(), maxUnpacked)
	if err != nil {
		return nil, err
	}
	return list(span{bytes.NewReader(content), 0, int64(len(content))})
}

// compression is how a ramdisk begins.
func compression(data span) string {
	head := make([]byte, 6)
	if n, _ := data.reader().Read(head); packed.IsXZ(head[:n]) {
		return "xz"
	}
	return "none"
}

func list(data span) (*files, error) {
	l := &files{data: data, index: map[string]int{}}
	r := newc.NewReader(data.reader(), data.size)
	names := 0
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return nil, err
		}
		if names += len(e.Name); len(l.entries) == maxFiles || names > maxNameBytes {
			return nil, errManyFiles
		}
		if _, twice := l.index[e.Name]; !twice {
			l.index[e.Name] = len(l.entries)
		}
		l.entries = append(l.entries, e)
	}
}

func (l *files) content(e newc.Entry) span { return span{l.data.r, l.data.offset + e.Offset, e.Size} }

// files reports what was added, removed or changed.
func (d *differ) files(where string, a, b *files) {
	for i, x := range a.entries {
		if a.index[x.Name] != i {
			continue
		}
		if j, ok := b.index[x.Name]; ok {
			d.file(where+"/"+x.Name, a, b, x, b.entries[j])
		} else {
			d.add(where+"/"+x.Name, "file", kind(x), "")
		}
	}
	for _, y := range b.entries {
		if _, ok := a.index[y.Name]; !ok {
			d.add(where+"/"+y.Name, "file", "", kind(y))
		}
	}
}

func (d *differ) file(where string, a, b *files, x, y newc.Entry) {
	d.text(where, "mode", fmt.Sprintf("%07o", x.Mode), fmt.Sprintf("%07o", y.Mode))
	d.number(where, "uid", int64(x.UID), int64(y.UID))
	d.number(where, "gid", int64(x.GID), int64(y.GID))
	d.number(where, "size", x.Size, y.Size)
	d.number(where, "modification time", int64(x.ModTime), int64(y.ModTime))
	d.number(where, "links", int64(x.Links), int64(y.Links))
	d.text(where, "device", fmt.Sprintf("%d:%d", x.SpecialMajor, x.SpecialMinor), fmt.Sprintf("%d:%d", y.SpecialMajor, y.SpecialMinor))
	d.content(where, a.content(x), b.content(y))
}

func kind(e newc.Entry) string {
	switch e.Mode & newc.TypeMask {
	case newc.TypeRegular:
		return fmt.Sprintf("file of %d bytes, mode %07o", e.Size, e.Mode)
	case newc.TypeDirectory:
		return fmt.Sprintf("directory, mode %07o", e.Mode)
	case newc.TypeSymlink:
		return "symbolic link"
	}
	return fmt.Sprintf("mode %07o", e.Mode)
}

// details are what differs in archives of the same files: inserting one file renumbers
// and moves all others, so it is only told when nothing else was found.
func (d *differ) details(where string, a, b *files, before int) {
	if len(d.found) != before || len(a.entries) != len(b.entries) {
		return
	}
	for i, x := range a.entries {
		y := b.entries[i]
		if x.Name != y.Name {
			d.add(where, fmt.Sprintf("order, from entry %d", i), x.Name, y.Name)
			return
		}
		d.number(where+"/"+x.Name, "inode", int64(x.Inode), int64(y.Inode))
		d.text(where+"/"+x.Name, "device of the file", fmt.Sprintf("%d:%d", x.DeviceMajor, x.DeviceMinor), fmt.Sprintf("%d:%d", y.DeviceMajor, y.DeviceMinor))
	}
}
