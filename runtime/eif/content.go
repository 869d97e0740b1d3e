package eif

import (
	"bytes"
	"io"
	"os"
)

// Content is what a section holds. It can be read more than once.
type Content interface {
	// Size is the number of bytes.
	Size() int64
	// Open returns a reader of exactly Size bytes.
	Open() (io.ReadCloser, error)
}

// Bytes is content in memory, for small sections.
func Bytes(b []byte) Content { return memory(b) }

type memory []byte

// Size implements [Content].
func (m memory) Size() int64 { return int64(len(m)) }

// Open implements [Content].
func (m memory) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m)), nil }

// File is the content of a regular file, which is opened again for each reader. A
// change of its size between this call and reading it is an error.
func File(path string) (Content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "read", Path: path, Err: os.ErrInvalid}
	}
	return diskFile{path, info.Size()}, nil
}

type diskFile struct {
	path string
	size int64
}

// Size implements [Content].
func (f diskFile) Size() int64 { return f.size }

// Open implements [Content].
func (f diskFile) Open() (io.ReadCloser, error) { return os.Open(f.path) }

// span is a part of an image's file.
type span struct {
	r            io.ReaderAt
	offset, size int64
}

// Size implements [Content].
func (s span) Size() int64 { return s.size }

// Open implements [Content].
func (s span) Open() (io.ReadCloser, error) {
	return io.NopCloser(s.reader()), nil
}

func (s span) reader() *io.SectionReader { return io.NewSectionReader(s.r, s.offset, s.size) }
