package packed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// sample looks like code: words that repeat, among noise.
func sample(n int) []byte {
	source := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same every time
	words := make([][]byte, 500)
	for i := range words {
		words[i] = make([]byte, 3+source.IntN(12))
		for j := range words[i] {
			words[i][j] = byte(source.Uint32())
		}
	}
	var b []byte
	for len(b) < n {
		b = append(b, words[source.IntN(len(words))]...)
	}
	return b[:n]
}

func pack(t testing.TB, b []byte) []byte {
	t.Helper()
	c, err := XZ(context.Background(), blob.Bytes(b))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	packed, err := io.ReadAll(r)
	if err != nil || int64(len(packed)) != c.Size() {
		t.Fatalf("%d bytes of %d: %v", len(packed), c.Size(), err)
	}
	return packed
}

// TestRoundTrip: also that another archive may follow, which begins at a multiple of 4.
func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 100, 1 << 16, 1<<20 + 1, 9 << 20} {
		b := sample(n)
		p := pack(t, b)
		if len(p)%4 != 0 || !IsXZ(p) {
			t.Errorf("%d bytes became %d", n, len(p))
		}
		got, err := Unpack(bytes.NewReader(p), int64(n))
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes: %d came back: %v", n, len(got), err)
		}
		if n > 0 {
			if _, err := Unpack(bytes.NewReader(p), int64(n)-1); err == nil || !strings.Contains(err.Error(), "more than") {
				t.Errorf("%d bytes in a limit of one less: %v", n, err)
			}
		}
	}
}

// TestSameBytes holds the compressor to what it has made once: other bytes are other
// measurements of every image.
func TestSameBytes(t *testing.T) {
	const want = "b895761cbc375823dd46ed7de8592b2c6c2f643cc146e58653efc6b63242b7c7"
	digest := sha256.Sum256(pack(t, sample(1<<20)))
	if got := hex.EncodeToString(digest[:]); got != want {
		t.Errorf("got %s, want %s: if that is meant, it is for the changelog, as PCR0 and PCR1 change", got, want)
	}
}

// TestOtherReader: xz itself reads it, where there is one.
func TestOtherReader(t *testing.T) {
	path, err := exec.LookPath("xz")
	if err != nil {
		t.Skip("there is no xz")
	}
	b := sample(1<<20 + 3)
	cmd := exec.CommandContext(t.Context(), path, "-dc")
	cmd.Stdin = bytes.NewReader(pack(t, b))
	if got, err := cmd.Output(); err != nil || !bytes.Equal(got, b) {
		t.Errorf("xz gives %d bytes: %v", len(got), err)
	}
	cmd = exec.CommandContext(t.Context(), path, "-c", "--check=crc32", "-T1", "--lzma2=dict=8MiB")
	cmd.Stdin = bytes.NewReader(b)
	theirs, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Unpack(bytes.NewReader(theirs), int64(len(b))); err != nil || !bytes.Equal(got, b) {
		t.Errorf("of xz's stream: %d bytes, %v", len(got), err)
	}
}

// TestEveryByteCounts: whatever byte is another, it is noticed. One exception is the
// decoder's: it does not hold the length of a compressed chunk to what the chunk takes.
// The kernel's does, and a diff that finds no other file compares bytes.
func TestEveryByteCounts(t *testing.T) {
	p := pack(t, sample(400))
	for i := range p {
		if i == headerSize+blockSize+3 || i == headerSize+blockSize+4 {
			continue
		}
		changed := bytes.Clone(p)
		changed[i] ^= 0x10
		if _, err := Unpack(bytes.NewReader(changed), 1<<12); err == nil {
			t.Errorf("byte %d of %d is another, and nobody notices", i, len(p))
		}
		if _, err := Unpack(bytes.NewReader(p[:i]), 1<<12); err == nil {
			t.Errorf("accepted %d of %d bytes", i, len(p))
		}
	}
	if _, err := Unpack(bytes.NewReader(append(bytes.Clone(p), 0, 0, 0, 0)), 1<<12); err == nil {
		t.Error("what follows the stream is not noticed")
	}
}

// TestBomb: neither a large dictionary nor a large content takes memory.
func TestBomb(t *testing.T) {
	p := pack(t, make([]byte, 8<<20))
	if len(p) > 16<<10 {
		t.Fatalf("%d bytes are no bomb", len(p))
	}
	if _, err := Unpack(bytes.NewReader(p), 1<<20); err == nil {
		t.Error("8 MiB went into one")
	}
	large := bytes.Clone(p)
	large[headerSize+4] = 40 // 4 GiB
	fixed := sum(large[headerSize : headerSize+8])
	for i := range 4 {
		large[headerSize+8+i] = byte(fixed >> (8 * i))
	}
	if _, err := Unpack(bytes.NewReader(large), 1<<20); !errors.Is(err, errForm) {
		t.Errorf("a dictionary of 4 GiB: %v", err)
	}
}

type shrinking struct{ blob.Content }

func (shrinking) Size() int64 { return 100 }

func TestXZRefuses(t *testing.T) {
	if _, err := XZ(t.Context(), shrinking{blob.Bytes([]byte("x"))}); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
		t.Errorf("content of another size: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := XZ(ctx, blob.Bytes(sample(100))); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// FuzzUnpack: anything ends within the limit. What is accepted comes back from its own
// compression.
func FuzzUnpack(f *testing.F) {
	for _, n := range []int{0, 1, 300, 5000} {
		f.Add(pack(f, sample(n)))
	}
	f.Add(pack(f, make([]byte, 1<<20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		// The sums are right, so that the decoder gets to see the data.
		if len(b) >= headerSize+blockSize {
			b = bytes.Clone(b)
			copy(b, magic)
			copy(b[8:], binaryLittle(sum(b[6:8])))
			copy(b[headerSize+8:], binaryLittle(sum(b[headerSize:headerSize+8])))
		}
		const limit = 1 << 16
		got, err := Unpack(bytes.NewReader(b), limit)
		if err != nil {
			return
		}
		if len(got) > limit {
			t.Fatalf("%d bytes", len(got))
		}
		again, err := Unpack(bytes.NewReader(pack(t, got)), limit)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("its content does not come back: %v", err)
		}
	})
}

func binaryLittle(v uint32) []byte {
	return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
}
