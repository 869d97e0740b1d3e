package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestReadOK(t *testing.T) {
	for _, c := range []struct {
		answer string
		port   uint32
		rest   string
		err    error
	}{
		{"OK 0\n", 0, "", nil},
		{"OK 1073741824\nHTTP/1.1", 1073741824, "HTTP/1.1", nil},
		{"OK 4294967295\nx", 4294967295, "x", nil},
		{"OK 4294967296\n", 0, "", ErrHandshake},
		{"OK -1\n", 0, "", ErrHandshake},
		{"OK +1\n", 0, "", ErrHandshake},
		{"OK \n", 0, "", ErrHandshake},
		{"OK  1\n", 0, "", ErrHandshake},
		{"OK 1 \n", 0, "", ErrHandshake},
		{"ok 1\n", 0, "", ErrHandshake},
		{"\n", 0, "", ErrHandshake},
		{"OK 12", 0, "", ErrHandshake},
		{"OK 00000000000000000001\n", 0, "000000001\n", ErrHandshake},
		{"HTTP/1.1 400 Bad Request\r\n", 0, "d Request\r\n", ErrHandshake},
		{"", 0, "", io.EOF},
	} {
		r := strings.NewReader(c.answer)
		port, err := readOK(r)
		if port != c.port || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%q gave %d, %v; want %d, %v", c.answer, port, err, c.port, c.err)
		}
		if rest, _ := io.ReadAll(r); string(rest) != c.rest && c.err == nil {
			t.Errorf("%q left %q; want %q", c.answer, rest, c.rest)
		}
	}
}

// FuzzReadOK holds the parser to what matters: it accepts exactly the canonical line
// or one with leading zeros, and takes no byte of what follows.
func FuzzReadOK(f *testing.F) {
	for _, s := range []string{"OK 1\n", "OK 4294967295\nrest", "OK 01\n", "OK", "\n", "CONNECT 5\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		r := bytes.NewReader(answer)
		port, err := readOK(r)
		taken := answer[:len(answer)-r.Len()]
		if len(taken) > maxOK {
			t.Fatalf("took %d bytes", len(taken))
		}
		line, _, whole := bytes.Cut(answer, []byte("\n"))
		if err != nil {
			return
		}
		if !whole || string(taken) != string(line)+"\n" {
			t.Fatalf("took %q of %q", taken, answer)
		}
		digits := strings.TrimLeft(strings.TrimPrefix(string(line), "OK "), "0")
		if want := strings.TrimLeft(fmt.Sprint(port), "0"); digits != want {
			t.Fatalf("%q gave port %d", answer, port)
		}
	})
}
