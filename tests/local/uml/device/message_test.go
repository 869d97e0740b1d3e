package device

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// raw is a message as it is sent, with whatever size it says to have.
func raw(request, flags, size uint32, body string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, request)
	b = binary.LittleEndian.AppendUint32(b, flags)
	return append(binary.LittleEndian.AppendUint32(b, size), body...)
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want message
		err  string
	}{
		"no body":       {raw(1, 1, 0, ""), message{request: 1, flags: 1, body: []byte{}}, ""},
		"a body":        {raw(5, 9, 2, "ab"), message{request: 5, flags: 9, body: []byte("ab")}, ""},
		"what follows":  {raw(5, 1, 1, "abc"), message{request: 5, flags: 1, body: []byte("a")}, ""},
		"the longest":   {raw(5, 1, maxBody, strings.Repeat("x", maxBody)), message{request: 5, flags: 1, body: bytes.Repeat([]byte("x"), maxBody)}, ""},
		"too long":      {raw(5, 1, maxBody+1, strings.Repeat("x", maxBody+1)), message{}, "has 4097 bytes, more than 4096"},
		"huge":          {raw(5, 1, 1<<32-1, ""), message{}, "more than 4096"},
		"other version": {raw(5, 2, 0, ""), message{}, "is of version 2"},
		"cut body":      {raw(5, 1, 2, "a"), message{}, "is cut short: unexpected EOF"},
		"missing body":  {raw(5, 1, 2, ""), message{}, "is cut short: unexpected EOF"},
		"cut head":      {raw(5, 1, 2, "")[:5], message{}, "unexpected EOF"},
		"nothing":       {nil, message{}, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(bytes.NewReader(c.data))
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(message{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := decode(bytes.NewReader(nil)); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end between two messages: %v", err)
	}
}

// FuzzDecode: what is taken for a message is one, and no byte more.
func FuzzDecode(f *testing.F) {
	f.Add(raw(1, 1, 0, ""))
	f.Add(raw(5, 9, 4, "abcdefgh"))
	f.Add(raw(5, 1, maxBody+1, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		m, err := decode(r)
		if err != nil {
			return
		}
		if taken := data[:len(data)-r.Len()]; !bytes.Equal(m.encode(), taken) || len(m.body) > maxBody {
			t.Errorf("%x was taken for %+v", taken, m)
		}
	})
}
