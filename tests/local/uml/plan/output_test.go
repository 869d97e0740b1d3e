package plan

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

// TestSend: all arrives, however it comes, and the sender waits until it has.
func TestSend(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 10_000)
	for name, from := range map[string]io.Reader{
		"at once": strings.NewReader(text), "nothing": strings.NewReader(""), "with its end": iotest.DataErrReader(strings.NewReader(text)),
		"in pieces": iotest.HalfReader(strings.NewReader(text)),
	} {
		t.Run(name, func(t *testing.T) {
			guest, host := net.Pipe()
			sent := make(chan error, 1)
			go func() { sent <- Send(guest, from) }()
			var got bytes.Buffer
			if err := Receive(&got, host); err != nil {
				t.Error(err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
			if want := map[bool]string{true: "", false: text}[name == "nothing"]; got.String() != want {
				t.Errorf("got %d bytes, want %d", got.Len(), len(want))
			}
		})
	}
}

func TestOutputCutShort(t *testing.T) {
	for name, data := range map[string]string{
		"at once": "", "in the length": "\x00\x00", "in a chunk": "\x00\x00\x00\x05abc", "after a chunk": "\x00\x00\x00\x01a",
	} {
		conn := struct {
			io.Reader
			io.Writer
		}{strings.NewReader(data), io.Discard}
		if err := Receive(io.Discard, conn); !errors.Is(err, ErrCut) {
			t.Errorf("%s: %v", name, err)
		}
	}
	huge := struct {
		io.Reader
		io.Writer
	}{strings.NewReader("\x00\x01\x00\x01"), io.Discard}
	if err := Receive(io.Discard, huge); err == nil || errors.Is(err, ErrCut) {
		t.Errorf("a chunk that is too long: %v", err)
	}
}

func TestSendFails(t *testing.T) {
	broken := errors.New("broken")
	conn := struct {
		io.Reader
		io.Writer
	}{strings.NewReader(""), io.Discard}
	if err := Send(conn, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a source that fails: %v", err)
	}
	if err := Send(conn, strings.NewReader("x")); !errors.Is(err, io.EOF) {
		t.Errorf("a host that does not answer: %v", err)
	}
}
