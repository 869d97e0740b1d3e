//go:build unix

package bridge

import (
	"errors"
	"io"
	"os"
	"syscall"
)

const rawReads = true

// readRaw takes a buffer only for as long as there is something to put into it. It
// is called again when the descriptor becomes readable, as long as it returns false.
func (s *source) readRaw(fd uintptr) bool {
	s.buf = s.bridge.buffer(s.large)
	for {
		s.n, s.err = syscall.Read(int(fd), *s.buf)
		if !errors.Is(s.err, syscall.EINTR) {
			break
		}
	}
	switch {
	case s.err == syscall.EAGAIN: //nolint:errorlint // Read returns a bare errno.
		s.release()
		return false
	case s.err != nil:
		s.n, s.err = 0, os.NewSyscallError("read", s.err)
	case s.n == 0:
		s.err = io.EOF
	}
	return true
}
