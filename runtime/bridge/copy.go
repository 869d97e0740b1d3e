package bridge

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Sizes of buffers. A connection starts with small ones, which hold what a signing
// request and its answer have. A stream that fills one gets large ones, the size of
// the credit window of a virtio-vsock socket (VIRTIO_VSOCK_DEFAULT_BUFFER_SIZE of
// Linux), so that one read takes all that can be there: over vsock in User Mode
// Linux that moved 2.7 times as much as 64 KiB, over TCP and unix sockets as much.
const (
	smallBuffer = 16 << 10
	largeBuffer = 256 << 10
)

// transfer moves src to dst until src ends. It tells moved of every read and every
// write, each time with what has newly reached dst.
func (b *Bridge) transfer(dst, src net.Conn, moved func(int)) error {
	s := b.source(src)
	for {
		buf, n, err := s.next()
		if n > 0 {
			moved(0)
			written, writeErr := dst.Write((*buf)[:n])
			moved(written)
			if writeErr != nil {
				s.release()
				return writeError(writeErr)
			}
		}
		s.release()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// writeError keeps an error of a write from looking like the end of what was read:
// the vsock library reports ENOTCONN as io.EOF.
func writeError(err error) error {
	if errors.Is(err, io.EOF) {
		return os.NewSyscallError("write", syscall.ENOTCONN)
	}
	return err
}

// source reads a connection into buffers of the bridge. It holds one from the moment
// that there is something to read until release.
type source struct {
	bridge *Bridge
	conn   net.Conn
	raw    syscall.RawConn
	try    func(fd uintptr) bool
	large  bool

	buf *[]byte
	n   int
	err error
}

func (b *Bridge) source(c net.Conn) *source {
	s := &source{bridge: b, conn: c}
	if sc, ok := c.(syscall.Conn); ok && rawReads {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw, s.try = raw, s.readRaw
		}
	}
	return s
}

// next waits for something to read. An idle connection costs no buffer where its
// descriptor can be had.
func (s *source) next() (*[]byte, int, error) {
	if s.raw == nil {
		s.buf = s.bridge.buffer(s.large)
		s.n, s.err = s.conn.Read(*s.buf)
	} else if err := s.raw.Read(s.try); err != nil {
		s.n, s.err = 0, err
	}
	if s.n > 0 {
		s.large = s.n == len(*s.buf) || s.large && s.n > smallBuffer
	}
	return s.buf, s.n, s.err
}

func (s *source) release() {
	if s.buf != nil {
		s.bridge.recycle(s.buf)
		s.buf = nil
	}
}

func (b *Bridge) buffer(large bool) *[]byte {
	pool, size := &b.small, smallBuffer
	if large {
		pool, size = &b.large, largeBuffer
	}
	if buf, ok := pool.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, size)
	return &buf
}

func (b *Bridge) recycle(buf *[]byte) {
	if len(*buf) == largeBuffer {
		b.large.Put(buf)
		return
	}
	b.small.Put(buf)
}
