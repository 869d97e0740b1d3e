package logs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// Copy reads lines of a stream until its end. A line over MaxLineBytes becomes
// several. It reads as fast as the writer writes, whatever happens to the lines.
func (b *Buffer) Copy(stream string, from io.Reader) {
	reader := bufio.NewReaderSize(from, MaxLineBytes)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			b.Add(stream, string(bytes.TrimRight(line, "\r\n")))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// Logger returns a logger of the guest itself: its lines go into the buffer and to
// the console, which only an enclave in debug mode shows to anybody.
func (b *Buffer) Logger(console io.Writer) *slog.Logger {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // lines have their own
			return slog.Attr{}
		}
		return a
	}
	return slog.New(slog.NewTextHandler(&guestWriter{b, console}, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

// guestWriter gets one line with each write.
type guestWriter struct {
	buffer  *Buffer
	console io.Writer
}

func (w *guestWriter) Write(line []byte) (int, error) {
	text := line[:min(len(line), MaxLineBytes)]
	w.buffer.Add(control.StreamGuest, string(bytes.TrimRight(text, "\n")))
	_, _ = w.console.Write(line) // without a console there is nobody to tell
	return len(line), nil
}
