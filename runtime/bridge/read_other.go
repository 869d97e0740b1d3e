//go:build !unix

package bridge

const rawReads = false

// readRaw is never called.
func (s *source) readRaw(uintptr) bool { return true }
