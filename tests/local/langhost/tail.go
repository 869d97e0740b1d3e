package main

import "strings"

// tailSize is enough for a panic's message and its first frames.
const tailSize = 4 << 10

// tail keeps the end of what is written to it.
type tail struct{ data []byte }

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if extra := len(t.data) - tailSize; extra > 0 {
		t.data = append(t.data[:0], t.data[extra:]...)
	}
	return len(p), nil
}

// String is what was kept, without the space around it.
func (t *tail) String() string { return strings.TrimSpace(string(t.data)) }
