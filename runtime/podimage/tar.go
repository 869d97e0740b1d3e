package podimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// epoch is the time of everything: the same for all who build.
var epoch = time.Unix(0, 0).UTC()

// write writes a layer's archive. Nothing in it depends on who writes it.
func (l Layer) write(ctx context.Context, w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, f := range l.Files {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := f.write(archive); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return archive.Close()
}

func (f File) header() *tar.Header {
	h := &tar.Header{
		Name: strings.TrimPrefix(f.Path, "/"), Mode: int64(f.Mode.Perm()), ModTime: epoch, Format: tar.FormatPAX, Typeflag: tar.TypeReg,
	}
	if f.Mode&fs.ModeSticky != 0 {
		h.Mode |= 0o1000
	}
	switch f.Mode.Type() {
	case fs.ModeDir:
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
	case fs.ModeSymlink:
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.Link
	default:
		h.Size = f.Content.Size()
	}
	return h
}

func (f File) write(archive *tar.Writer) error {
	if err := archive.WriteHeader(f.header()); err != nil {
		return err
	}
	if !f.Mode.IsRegular() {
		return nil
	}
	r, err := f.Content.Open()
	if err != nil {
		return err
	}
	n, err := io.Copy(archive, r)
	if err == nil && n != f.Content.Size() {
		err = fmt.Errorf("had %d bytes and has %d: it must not change meanwhile", f.Content.Size(), n)
	}
	return errors.Join(err, r.Close())
}
