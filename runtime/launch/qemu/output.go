//go:build linux

package qemu

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
)

const (
	// tailBytes is what is kept of an output of which only the last words may be asked.
	tailBytes = 16 << 10
	// consoleBytes is what is kept of a console that can be read.
	consoleBytes = 1 << 20
	// lastLines is how many lines an error has of each output.
	lastLines = 20
)

// output keeps the end of what a process writes, and lets readers follow it.
type output struct {
	limit int

	mu      sync.Mutex
	changed *sync.Cond
	data    []byte
	// begin is how many bytes came before data.
	begin int64
	ended bool
}

func newOutput(limit int) *output {
	o := &output{limit: limit}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// Write never fails and never waits: a slow reader must not stop the guest.
func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.data = append(o.data, data...)
	// At twice the limit, so that not every write moves all.
	if excess := len(o.data) - o.limit; excess > o.limit {
		o.data = append([]byte(nil), o.data[excess:]...)
		o.begin += int64(excess)
	}
	o.changed.Broadcast()
	return len(data), nil
}

// end lets readers see the end after what is there.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.changed.Broadcast()
}

// contains tells whether a text is in what is kept.
func (o *output) contains(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Contains(o.data, []byte(text))
}

// tail is the last lines. Control characters are left out: a guest may write what
// moves a terminal's cursor.
func (o *output) tail() string {
	o.mu.Lock()
	end := bytes.Clone(o.data[max(0, len(o.data)-tailBytes):])
	o.mu.Unlock()
	text := strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(string(end), ""))
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
}

// withLines adds the last lines of an output to an error, under a title.
func withLines(err error, title string, o *output) error {
	tail := o.tail()
	if tail == "" {
		return err
	}
	return fmt.Errorf("%w\n%s%s", err, title, tail)
}

// reader reads an output from the oldest byte that is kept. It skips what is dropped
// before it comes to it.
type reader struct {
	output *output
	at     int64
	closed bool
}

// Read waits for what is written next.
func (r *reader) Read(p []byte) (int, error) {
	o := r.output
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		r.at = max(r.at, o.begin)
		switch {
		case r.closed:
			return 0, os.ErrClosed
		case r.at < o.begin+int64(len(o.data)) || len(p) == 0:
			n := copy(p, o.data[r.at-o.begin:])
			r.at += int64(n)
			return n, nil
		case o.ended:
			return 0, io.EOF
		}
		o.changed.Wait()
	}
}

// Close ends a Read that waits.
func (r *reader) Close() error {
	r.output.mu.Lock()
	defer r.output.mu.Unlock()
	r.closed = true
	r.output.changed.Broadcast()
	return nil
}
