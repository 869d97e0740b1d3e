package newc

import (
	"fmt"
	"io"
)

// Reader lists the entries of an archive.
type Reader struct {
	r          io.ReaderAt
	size, next int64
	window     []byte // the bytes from start on
	start      int64
	failed     error
}

// windowSize is what is read at a time: twice the largest header, so that archives of
// empty files cost no more reads than their bytes.
const windowSize = 2 * maxEntry

// NewReader returns a reader of the size bytes of r.
func NewReader(r io.ReaderAt, size int64) *Reader {
	return &Reader{r: r, size: size, window: make([]byte, 0, windowSize)}
}

// Next returns the next entry, or [io.EOF] after the last. Trailers are not returned. An
// error names the position of the header; after one there is no going on.
func (r *Reader) Next() (Entry, error) {
	for r.failed == nil {
		at := r.next
		e, err := r.header()
		if err != nil {
			r.failed = fmt.Errorf("newc header at byte %d: %w", at, err)
			break
		}
		if e.Name != trailer {
			return e, nil
		}
		r.failed = r.between()
	}
	return Entry{}, r.failed
}

// Content returns a reader of an entry's content.
func (r *Reader) Content(e Entry) *io.SectionReader {
	return io.NewSectionReader(r.r, e.Offset, e.Size)
}

func (r *Reader) header() (Entry, error) {
	rest := r.size - r.next
	if rest < int64(fixed) {
		return Entry{}, fmt.Errorf("%d bytes are left: the archive ends without its trailer", rest)
	}
	b, err := r.peek(min(rest, maxEntry))
	if err != nil {
		return Entry{}, err
	}
	e, length, err := parse(b)
	if err != nil {
		return Entry{}, err
	}
	if fixed+length > len(b) {
		return Entry{}, fmt.Errorf("length of the name (%d): the archive ends before it", length)
	}
	if e.Name, err = name(b[fixed : fixed+length]); err != nil {
		return Entry{}, err
	}
	e.Offset = r.next + padded(int64(fixed+length))
	if e.Size > r.size-e.Offset {
		return Entry{}, fmt.Errorf("size of %.100q (%d): the archive ends before", e.Name, e.Size)
	}
	r.next = min(e.Offset+padded(e.Size), r.size)
	return e, nil
}

// between skips the zeros after a trailer. It returns io.EOF when nothing follows.
func (r *Reader) between() error {
	for r.next < r.size {
		b, err := r.peek(min(r.size-r.next, maxEntry))
		if err != nil {
			return err
		}
		for i, v := range b {
			if v == 0 {
				continue
			}
			r.next += int64(i)
			if r.next%align != 0 {
				return fmt.Errorf("byte %d after the trailer: the next archive must begin at a multiple of %d", r.next, align)
			}
			return nil
		}
		r.next += int64(len(b))
	}
	return io.EOF
}

// peek returns the next n bytes, at most half a window of them.
func (r *Reader) peek(n int64) ([]byte, error) {
	at := r.next - r.start
	if at < 0 || at+n > int64(len(r.window)) {
		r.start, at = r.next, 0
		r.window = r.window[:min(windowSize, r.size-r.next)]
		if n, err := r.r.ReadAt(r.window, r.start); n < len(r.window) {
			r.window = r.window[:0]
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return r.window[at : at+n], nil
}
