package plan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxChunk bounds a chunk of output.
const maxChunk = 64 << 10

// endMark answers the end of the output.
const endMark = '.'

// ErrCut is output that ended before its end: the guest was killed.
var ErrCut = errors.New("the output was cut short")

// Send hands over all of from in chunks, and returns when the other side has them all: a
// machine that ends first takes along what is on its way. vhost-device-vsock does not
// hand on half closes, so that the end needs a mark of its own: a chunk without bytes.
func Send(conn io.ReadWriter, from io.Reader) error {
	chunk := make([]byte, 4+maxChunk)
	for {
		n, err := from.Read(chunk[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(chunk, uint32(n))
			if _, err := conn.Write(chunk[:4+n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if _, err := conn.Write(make([]byte, 4)); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, chunk[:1])
	return err
}

// Receive is the other side of Send.
func Receive(to io.Writer, conn io.ReadWriter) error {
	head := make([]byte, 4)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return fmt.Errorf("%w: %w", ErrCut, err)
		}
		size := binary.BigEndian.Uint32(head)
		if size == 0 {
			_, err := conn.Write([]byte{endMark})
			return err
		}
		if size > maxChunk {
			return fmt.Errorf("a chunk of output has %d bytes, more than %d", size, maxChunk)
		}
		if _, err := io.CopyN(to, conn, int64(size)); err != nil {
			return fmt.Errorf("%w: %w", ErrCut, err)
		}
	}
}
