package eif

import (
	"bytes"
	"fmt"
	"io"
)

// compareSize is how much of each of two contents is in memory at a time.
const compareSize = 256 << 10

// content compares bytes and tells the first that differs.
func (d *differ) content(where string, a, b span) {
	if d.stopped() {
		return
	}
	at, err := d.first(a, b)
	if err == nil && at >= 0 {
		err = d.addByte(where, at, a, b)
	}
	if err != nil {
		d.err = fmt.Errorf("comparing %s: %w", where, err)
	}
}

// first returns the position of the first byte that differs, or -1. Where one ends
// earlier it is the end.
func (d *differ) first(a, b span) (int64, error) {
	for at := int64(0); at < min(a.size, b.size); at += compareSize {
		if err := d.ctx.Err(); err != nil {
			return 0, err
		}
		n := min(compareSize, a.size-at, b.size-at)
		for _, side := range []struct {
			b []byte
			s span
		}{{d.a[:n], a}, {d.b[:n], b}} {
			if _, err := io.ReadFull(io.NewSectionReader(side.s.r, side.s.offset+at, n), side.b); err != nil {
				return 0, err
			}
		}
		if !bytes.Equal(d.a[:n], d.b[:n]) {
			return at + unequal(d.a[:n], d.b[:n]), nil
		}
	}
	if a.size != b.size {
		return min(a.size, b.size), nil
	}
	return -1, nil
}

// unequal is the position of the first difference of slices of one length.
func unequal(a, b []byte) int64 {
	for i := range a {
		if a[i] != b[i] {
			return int64(i)
		}
	}
	return int64(len(a))
}

func (d *differ) addByte(where string, at int64, a, b span) error {
	x, err := byteAt(a, at)
	if err != nil {
		return err
	}
	y, err := byteAt(b, at)
	if err != nil {
		return err
	}
	d.add(where, "content", x, y)
	return nil
}

// byteAt shows one byte of a content.
func byteAt(s span, at int64) (string, error) {
	if at >= s.size {
		return fmt.Sprintf("ends at byte %d", s.size), nil
	}
	var b [1]byte
	if _, err := s.reader().ReadAt(b[:], at); err != nil && err != io.EOF {
		return "", err
	}
	return fmt.Sprintf("byte %d is %#02x", at, b[0]), nil
}
