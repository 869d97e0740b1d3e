package packed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// dictionary is how far back a match may lie. The kernel allocates as much while it
// unpacks, and gives it back.
const dictionary = 8 << 20

// XZ returns the content compressed, which is held in memory. The same content gives the
// same bytes: one thread, no time, every parameter named here, and the compressor's
// version in go.mod.
func XZ(ctx context.Context, c blob.Content) (blob.Content, error) {
	var out bytes.Buffer
	w, err := xz.WriterConfig{
		Properties: &lzma.Properties{LC: 3, LP: 0, PB: 2}, DictCap: dictionary, BufSize: 64 << 10,
		CheckSum: xz.CRC32, Matcher: lzma.HashTable4,
	}.NewWriter(&out)
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(w, cancellable{ctx, r})
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if n != c.Size() {
		return nil, fmt.Errorf("%d bytes were read, and %d announced: it has changed meanwhile", n, c.Size())
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return blob.Bytes(out.Bytes()), nil
}

// cancellable ends a copy with the context.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

// Read implements [io.Reader].
func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
