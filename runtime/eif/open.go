package eif

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Image is an enclave image whose layout was found in order. Its contents were not
// looked at; see [Image.Verify]. It may be used by several goroutines at a time.
type Image struct {
	r         io.ReaderAt
	size      int64
	raw       []byte // the header
	header    header
	crc       uint32
	cmdline   string
	metadata  []byte
	signature []byte
	closer    io.Closer
}

// Open reads the layout of an image of size bytes: its header, table, section headers,
// command line, metadata and signature. It fails with [Violations] when the file is not
// a well-formed image, and with other errors when it cannot be read.
func Open(r io.ReaderAt, size int64) (*Image, error) {
	im := &Image{r: r, size: size, raw: make([]byte, headerSize)}
	if size < headerSize {
		return nil, Violations{{"file", -1, size, fmt.Sprintf("is truncated: a header has %d bytes", headerSize)}}
	}
	if err := im.read("header", im.raw, 0); err != nil {
		return nil, err
	}
	d := decoder{image: im}
	if err := d.decode(); err != nil {
		return nil, err
	}
	if err := d.found.err(); err != nil {
		return nil, err
	}
	return im, im.readSmall()
}

// OpenFile opens an image by its path. Close it after use.
func OpenFile(path string) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "read", Path: path, Err: os.ErrInvalid}
	}
	var im *Image
	if err == nil {
		im, err = Open(f, info.Size())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	im.closer = f
	return im, nil
}

// Close closes the file of [OpenFile]. It does nothing after [Open].
func (im *Image) Close() error {
	if im.closer == nil {
		return nil
	}
	return im.closer.Close()
}

func (im *Image) read(what string, b []byte, offset int64) error {
	if n, err := im.r.ReadAt(b, offset); n < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("reading the %s at byte %d: %w", what, offset, err)
	}
	return nil
}

// readSmall keeps the payloads whose size the decoder has bounded.
func (im *Image) readSmall() error {
	for _, s := range im.header.sections {
		if _, bounded := maxPayload[s.Type]; !bounded {
			continue
		}
		b := make([]byte, s.Size)
		if err := im.read(s.Type.String(), b, s.payload()); err != nil {
			return err
		}
		switch s.Type {
		case SectionCmdline:
			im.cmdline = string(b)
		case SectionMetadata:
			im.metadata = b
		default:
			im.signature = b
		}
	}
	return nil
}

// maxPayload bounds the sections that are read into memory.
var maxPayload = map[SectionType]int64{
	SectionCmdline:   MaxCmdline,
	SectionMetadata:  MaxMetadata,
	SectionSignature: MaxSignature,
}
