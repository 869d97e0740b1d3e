package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// all reads what a closed buffer has.
func all(t *testing.T, b *Buffer) []control.Line {
	t.Helper()
	b.Close()
	var got []control.Line
	err := b.Follow(t.Context(), func(line control.Line) error {
		got = append(got, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func buffer(lines, bytes int) *Buffer {
	b := New(lines, bytes)
	b.now = func() time.Time { return time.Unix(1, 0) }
	return b
}

func line(text string, dropped uint64) control.Line {
	return control.Line{Time: time.Unix(1, 0).UTC(), Stream: control.StreamStdout, Text: text, Dropped: dropped}
}

func TestOldestAreDropped(t *testing.T) {
	for name, b := range map[string]*Buffer{"lines": buffer(3, 1000), "bytes": buffer(100, 3)} {
		for _, text := range []string{"a", "b", "c", "d", "e"} {
			b.Add(control.StreamStdout, text)
		}
		if diff := cmp.Diff([]control.Line{line("c", 2), line("d", 0), line("e", 0)}, all(t, b)); diff != "" || b.Dropped() != 2 {
			t.Errorf("%s: %d dropped (-want +got):\n%s", name, b.Dropped(), diff)
		}
	}
}

// TestLongerThanTheBuffer: such a line is alone in it.
func TestLongerThanTheBuffer(t *testing.T) {
	b := buffer(3, 4)
	b.Add(control.StreamStdout, "a")
	b.Add(control.StreamStdout, "longer")
	if diff := cmp.Diff([]control.Line{line("longer", 1)}, all(t, b)); diff != "" {
		t.Error(diff)
	}
}

// TestFailedWrite: the line goes to the next reader, and its count with it.
func TestFailedWrite(t *testing.T) {
	b := buffer(2, 1000)
	for _, text := range []string{"a", "b", "c"} {
		b.Add(control.StreamStdout, text)
	}
	broken := errors.New("broken")
	if err := b.Follow(t.Context(), func(control.Line) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
	// While the next one is being written, the buffer overflows: that one is lost too.
	err := b.Follow(t.Context(), func(control.Line) error {
		for _, text := range []string{"d", "e"} {
			b.Add(control.StreamStdout, text)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
	if diff := cmp.Diff([]control.Line{line("d", 3), line("e", 0)}, all(t, b)); diff != "" || b.Dropped() != 3 {
		t.Errorf("%d dropped (-want +got):\n%s", b.Dropped(), diff)
	}
}

// TestReaderIsReplaced, and its lines are not read twice.
func TestReaderIsReplaced(t *testing.T) {
	b := buffer(10, 1000)
	first := make(chan error, 1)
	got := make(chan control.Line, 1)
	go func() {
		first <- b.Follow(t.Context(), func(l control.Line) error { got <- l; return nil })
	}()
	b.Add(control.StreamStdout, "a")
	if l := <-got; l.Text != "a" {
		t.Errorf("line %+v", l)
	}
	b.Add(control.StreamStdout, "b")
	<-got
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { second <- b.Follow(ctx, func(control.Line) error { return nil }) }()
	if err := <-first; !errors.Is(err, ErrReplaced) {
		t.Errorf("the first reader ended with %v", err)
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the second reader ended with %v", err)
	}
}

// TestFloodIsNotSlowedDown by a reader that never returns: all is taken at once.
func TestFloodIsNotSlowedDown(t *testing.T) {
	b := New(100, 10_000)
	stuck := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() { _ = b.Follow(t.Context(), func(control.Line) error { <-stuck; return io.EOF }) })
	in, out := io.Pipe()
	var copier sync.WaitGroup
	copier.Go(func() { b.Copy(control.StreamStdout, in) })
	const lines = 20_000
	for i := range lines {
		if _, err := fmt.Fprintf(out, "line %d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	_ = out.Close()
	copier.Wait()
	close(stuck)
	reader.Wait()
	left := all(t, b)
	if n := uint64(len(left)) + b.Dropped(); n != lines || len(left) > 100 {
		t.Errorf("%d lines left, %d dropped, want %d together", len(left), b.Dropped(), lines)
	}
	if last := left[len(left)-1]; last.Text != fmt.Sprintf("line %d", lines-1) {
		t.Errorf("the last line is %q", last.Text)
	}
}

func TestCopy(t *testing.T) {
	long := strings.Repeat("x", MaxLineBytes)
	b := buffer(10, 1<<20)
	b.Copy(control.StreamStdout, strings.NewReader("one\r\n\n"+long+"yz\nunfinished"))
	var texts []string
	for _, l := range all(t, b) {
		texts = append(texts, l.Text)
	}
	if diff := cmp.Diff([]string{"one", "", long, "yz", "unfinished"}, texts); diff != "" {
		t.Errorf("%d lines (-want +got):\n%.300s", len(texts), diff)
	}
}

func TestLogger(t *testing.T) {
	b := buffer(10, 1000)
	var console strings.Builder
	b.Logger(&console).Info("up", "pcr0", "ab")
	want := control.Line{Time: time.Unix(1, 0).UTC(), Stream: control.StreamGuest, Text: "level=INFO msg=up pcr0=ab"}
	if diff := cmp.Diff([]control.Line{want}, all(t, b)); diff != "" || console.String() != want.Text+"\n" {
		t.Errorf("console %q, line (-want +got):\n%s", console.String(), diff)
	}
	b.Add(control.StreamGuest, "after the end")
	if !b.Empty() {
		t.Error("a closed buffer takes lines")
	}
}
