package initramfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// reader makes an archive while it is read.
type reader struct {
	records []record // the ones that are not begun
	path    string   // of the record that is being read
	fixed   bytes.Reader
	body    io.ReadCloser
	left    int64  // of the body
	after   []byte // the padding that follows it
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	for {
		switch {
		case r.fixed.Len() > 0:
			return r.fixed.Read(p)
		case r.body != nil:
			if n, err := r.readBody(p); n > 0 || err != nil {
				return n, err
			}
		case len(r.records) == 0:
			return 0, io.EOF
		default:
			if err := r.begin(); err != nil {
				return 0, err
			}
		}
	}
}

// Close closes the file that is being read.
func (r *reader) Close() error {
	r.records = nil
	r.fixed.Reset(nil)
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}

func (r *reader) begin() error {
	next := r.records[0]
	r.records = r.records[1:]
	r.path = next.path
	r.fixed.Reset(next.bytes())
	if next.body == nil {
		return nil
	}
	body, err := next.body.Open()
	if err != nil {
		return err
	}
	r.body, r.left, r.after = body, int64(next.size), padding(int64(next.size))
	return nil
}

// readBody reads from a file, which must have as many bytes as its header says.
func (r *reader) readBody(p []byte) (int, error) {
	if r.left == 0 {
		return 0, r.endBody()
	}
	n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && r.left > 0:
		return n, fmt.Errorf("file %q became shorter while it was read: %w", r.path, io.ErrUnexpectedEOF)
	case errors.Is(err, io.EOF):
		return n, nil
	case err != nil:
		return n, fmt.Errorf("reading file %q: %w", r.path, err)
	}
	return n, nil
}

func (r *reader) endBody() error {
	var more [1]byte
	n, _ := io.ReadFull(r.body, more[:])
	err := r.body.Close()
	r.body = nil
	if n > 0 {
		return fmt.Errorf("file %q became longer while it was read", r.path)
	}
	r.fixed.Reset(r.after)
	return err
}
