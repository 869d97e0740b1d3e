// Package logs keeps the last lines of the payload and of the guest for whoever reads
// them. Writers never wait: what has no room is lost, oldest first, and counted.
package logs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// Limits of the guest's buffer.
const (
	// MaxLines and MaxBytes bound what waits for a reader. Bytes are those of texts.
	MaxLines = 4096
	MaxBytes = 1 << 20
	// MaxLineBytes is where a longer line is cut into several.
	MaxLineBytes = 16 << 10
)

// ErrReplaced ends a reader when another one has come: a supervisor that reconnects
// must not share its lines with a connection that nobody reads any more.
var ErrReplaced = errors.New("another reader has taken over")

// Buffer is a queue of lines. It is safe for use by several goroutines.
type Buffer struct {
	maxLines, maxBytes int
	now                func() time.Time

	mu      sync.Mutex
	lines   []control.Line // a ring: count lines from first on
	first   int
	count   int
	bytes   int
	pending uint64 // lines lost since one was handed out
	dropped uint64
	reader  uint64 // number of the reader that has the right to the lines
	closed  bool
	changed chan struct{} // closed and replaced at every change
}

// New returns an empty buffer with these limits.
func New(maxLines, maxBytes int) *Buffer {
	return &Buffer{
		maxLines: maxLines, maxBytes: maxBytes, now: time.Now,
		lines: make([]control.Line, maxLines), changed: make(chan struct{}),
	}
}

// Add appends a line, and drops the oldest ones where there is no room.
func (b *Buffer) Add(stream, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for b.count == b.maxLines || b.count > 0 && b.bytes+len(text) > b.maxBytes {
		b.pop()
		b.lose()
	}
	b.lines[(b.first+b.count)%b.maxLines] = control.Line{Time: b.now().UTC(), Stream: stream, Text: text}
	b.count++
	b.bytes += len(text)
	b.notify()
}

// Close ends all readers once they have what is left. Later lines are ignored.
func (b *Buffer) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.notify()
}

// Dropped counts the lines that were lost.
func (b *Buffer) Dropped() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

// Empty tells whether a reader has got all lines.
func (b *Buffer) Empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count == 0
}

// Follow hands over lines, each once, until the context ends, the buffer is closed
// and empty (nil), write fails or another reader comes (ErrReplaced). A line whose
// write fails is kept for the next reader.
func (b *Buffer) Follow(ctx context.Context, write func(control.Line) error) error {
	me := b.takeOver()
	for {
		line, more, err := b.next(me)
		switch {
		case err != nil || more == nil && line == nil:
			return err
		case line == nil:
			select {
			case <-more:
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		if err := write(*line); err != nil {
			b.putBack(*line)
			return err
		}
	}
}

func (b *Buffer) takeOver() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reader++
	b.notify()
	return b.reader
}

// next is a line, or what to wait for, or neither at the end.
func (b *Buffer) next(me uint64) (*control.Line, <-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.reader != me:
		return nil, nil, ErrReplaced
	case b.count > 0:
		line := b.pop()
		line.Dropped, b.pending = b.pending, 0
		return &line, nil, nil
	case b.closed:
		return nil, nil, nil
	}
	return nil, b.changed, nil
}

func (b *Buffer) putBack(line control.Line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending > 0 || b.count == b.maxLines || b.bytes+len(line.Text) > b.maxBytes {
		b.pending += line.Dropped
		b.lose()
		return
	}
	b.first = (b.first + b.maxLines - 1) % b.maxLines
	b.pending, line.Dropped = line.Dropped, 0
	b.lines[b.first] = line
	b.count++
	b.bytes += len(line.Text)
	b.notify()
}

func (b *Buffer) pop() control.Line {
	line := b.lines[b.first]
	b.lines[b.first] = control.Line{}
	b.first = (b.first + 1) % b.maxLines
	b.count--
	b.bytes -= len(line.Text)
	return line
}

func (b *Buffer) lose() {
	b.pending++
	b.dropped++
}

func (b *Buffer) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}
