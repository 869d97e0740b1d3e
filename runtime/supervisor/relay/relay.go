package relay

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// Pauses between two tries to read the stream: the first, doubled up to the last.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Source is where the stream comes from: a control.Client.
type Source interface {
	Logs(ctx context.Context, each func(control.Line)) error
}

// Relay writes an enclave's lines. It serves one enclave.
type Relay struct {
	// Out gets each line with one Write. What else writes there must be kept apart from
	// it by a Writer.
	Out io.Writer
	// Log gets what the relay itself has to say.
	Log *slog.Logger

	surfaced bool // the setup token was let through
	lines    assembler
	failed   bool // Out could not be written, and that was said
}

// Run reads the stream until the guest ends it, and returns nil then, or until ctx ends.
// A stream that breaks is read again, with growing pauses: the guest keeps what is not
// read. Run must be called once.
func (r *Relay) Run(ctx context.Context, from Source) error {
	defer r.flush()
	pause := firstPause
	for {
		got := false
		err := from.Logs(ctx, func(line control.Line) {
			got = true
			r.write(line)
		})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			return nil
		case got:
			pause = firstPause
		}
		r.Log.Warn("the enclave's log stream broke; it is read again", slog.Any("error", err), slog.Duration("after", pause))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, lastPause)
	}
}

func (r *Relay) write(line control.Line) {
	if line.Dropped > 0 {
		r.flush() // its continuation may be among what is lost
		r.emit(record{
			Time: line.Time.UTC(), Level: levelWarn, Source: source, Stream: control.StreamGuest, Dropped: line.Dropped,
			Msg: "lines of the enclave were lost here: they came faster than they were read",
		})
	}
	if w, ok := r.lines.add(line); ok {
		r.print(w)
	}
}

// flush prints what waits for a continuation that does not come any more.
func (r *Relay) flush() {
	for _, w := range r.lines.rest() {
		r.print(w)
	}
}

func (r *Relay) print(line whole) {
	records, kept := recordsOf(line, !r.surfaced)
	for _, rec := range records {
		if kept {
			rec.Level = levelWarn
		}
		r.emit(rec)
	}
	if !kept {
		return
	}
	r.surfaced = true
	r.Log.Warn("the enclave's line before this one has the signer's one-time setup token, which is not shown again. " +
		"Set the signer up with it at once (operator init --setup-token): whoever can read this log can do so too")
}

func (r *Relay) emit(rec record) {
	line, err := rec.line()
	if err == nil {
		_, err = r.Out.Write(line)
	}
	if err != nil && !r.failed { // once: it would be said for each line
		r.Log.Error("the enclave's log cannot be written", slog.Any("error", err))
	}
	r.failed = err != nil
}

// Writer lets several goroutines write whole lines to one place.
type Writer struct {
	mu  sync.Mutex
	out io.Writer
}

// NewWriter returns a Writer for out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Write writes b before or after what others write.
func (w *Writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(b)
}
