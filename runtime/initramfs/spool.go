package initramfs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
)

// maxSpool is the most that an image may unpack to, with what its layers hide. More
// does not fit into an enclave, and a few compressed kilobytes can say it.
const maxSpool = 64 << 30

// Spool is a file that holds the contents of images. It has no name, so that nothing
// is left behind however the process ends.
type Spool struct {
	file  *os.File
	out   *bufio.Writer
	size  int64
	limit int64
}

// NewSpool makes a spool in a folder, which needs room for the image's unpacked
// layers. Close it when the trees made with it are no longer used.
func NewSpool(dir string) (*Spool, error) {
	f, err := os.CreateTemp(dir, "chamber-spool-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &Spool{file: f, out: bufio.NewWriterSize(f, 1<<20), limit: maxSpool}, nil
}

// Close frees the spool's room.
func (s *Spool) Close() error { return s.file.Close() }

// add keeps so many bytes of a reader.
func (s *Spool) add(r io.Reader, size int64) (Content, error) {
	if size > s.limit-s.size {
		return nil, fmt.Errorf("the image unpacks to more than %d GiB, which no enclave has room for", s.limit>>30)
	}
	c := spooled{spool: s, offset: s.size, size: size}
	n, err := io.CopyN(s.out, r, size)
	s.size += n
	return c, err
}

// flush makes what was added readable.
func (s *Spool) flush() error { return s.out.Flush() }

// spooled is a part of a spool.
type spooled struct {
	spool        *Spool
	offset, size int64
}

// Size implements [Content].
func (c spooled) Size() int64 { return c.size }

// Open implements [Content].
func (c spooled) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(c.spool.file, c.offset, c.size)), nil
}

// cancelable ends a read when the context does.
type cancelable struct {
	ctx context.Context
	r   io.Reader
}

// Read implements [io.Reader].
func (c cancelable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
