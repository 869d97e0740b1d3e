// Package blob is content that is read as a stream and more than once: sections of
// enclave images and files of their ramdisks, which may be larger than memory.
package blob

import (
	"bytes"
	"io"
	"os"
)

// Content can be read more than once, by several readers at a time.
type Content interface {
	// Size is the number of bytes.
	Size() int64
	// Open returns a reader of exactly Size bytes.
	Open() (io.ReadCloser, error)
}

// Bytes is content in memory.
func Bytes(b []byte) Content { return memory(b) }

type memory []byte

// Size implements [Content].
func (m memory) Size() int64 { return int64(len(m)) }

// Open implements [Content].
func (m memory) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m)), nil }

// File is the content of a regular file, which is opened again for each reader. It must
// not change while the content is in use; whoever reads it notices a change of size.
func File(path string) (Content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "read", Path: path, Err: os.ErrInvalid}
	}
	return diskFile{path: path, size: info.Size()}, nil
}

type diskFile struct {
	path string
	size int64
}

// Size implements [Content].
func (f diskFile) Size() int64 { return f.size }

// Open implements [Content].
func (f diskFile) Open() (io.ReadCloser, error) { return os.Open(f.path) }
