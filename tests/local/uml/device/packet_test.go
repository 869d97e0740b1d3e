package device

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func somePacket(data string) packet {
	return packet{
		from: 3, to: 4, fromPort: 5, toPort: 6, kind: typeStream, op: opData, flags: 7, allocated: 8, forwarded: 9, data: []byte(data),
	}
}

func TestPacketInPieces(t *testing.T) {
	want := somePacket("some data")
	whole := append(want.header(9), "some data"...)
	for _, cuts := range [][]int{{}, {1}, {headerLen}, {10, headerLen + 3}} {
		var parts [][]byte
		last := 0
		for _, cut := range cuts {
			parts, last = append(parts, whole[last:cut]), cut
		}
		got, err := parsePacket(append(parts, whole[last:], []byte("behind it")))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(packet{})); diff != "" {
			t.Errorf("cut at %v:\n%s", cuts, diff)
		}
	}
}

func TestBadPackets(t *testing.T) {
	p := somePacket("")
	for want, data := range map[string][]byte{
		"less than its header":              p.header(0)[:headerLen-1],
		"says to have 1 bytes, and has 0":   p.header(1),
		"says to have 4294967295 bytes":     p.header(-1),
		"has more than 65536 bytes":         append(p.header(maxData+1), make([]byte, maxData+1)...),
		"has 0 bytes, less than its header": nil,
	} {
		if _, err := parsePacket([][]byte{data}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestFill: what has no room in a buffer is left for the next, under a header of its own.
func TestFill(t *testing.T) {
	p := somePacket("0123456789")
	var got []byte
	for _, parts := range [][][]byte{
		{make([]byte, headerLen), make([]byte, 4)}, {make([]byte, 20), make([]byte, headerLen-20+4)}, {make([]byte, 100)},
	} {
		written, rest, err := p.fill(parts)
		if err != nil {
			t.Fatal(err)
		}
		piece, err := parsePacket([][]byte{bytes.Join(parts, nil)[:written]})
		if err != nil {
			t.Fatal(err)
		}
		want := p
		want.data = p.data[:len(p.data)-len(rest)]
		if diff := cmp.Diff(want, piece, cmp.AllowUnexported(packet{})); diff != "" {
			t.Error(diff)
		}
		got, p.data = append(got, piece.data...), rest
	}
	if string(got) != "0123456789" || len(p.data) != 0 {
		t.Errorf("got %q, and %q is left", got, p.data)
	}
	if _, _, err := p.fill([][]byte{make([]byte, headerLen)}); err == nil {
		t.Error("a buffer with room for a header alone was taken")
	}
	if n, rest, err := somePacket("").fill([][]byte{make([]byte, 4096)}); n != headerLen || len(rest) != 0 || err != nil {
		t.Errorf("without data: %d, %q, %v", n, rest, err)
	}
}

// FuzzPacket: a packet that is accepted says what its header says, and no more.
func FuzzPacket(f *testing.F) {
	f.Add(append(somePacket("").header(2), "ab"...), 7)
	f.Add(somePacket("").header(1), 0)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		cut = max(0, min(cut, len(data)))
		p, err := parsePacket([][]byte{data[:cut], data[cut:]})
		if err != nil {
			return
		}
		if !bytes.HasPrefix(data, append(p.header(len(p.data)), p.data...)) {
			t.Errorf("%x was taken for %+v", data, p)
		}
	})
}
