package eif

import (
	"io"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// Content is what a section holds.
type Content = blob.Content

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
