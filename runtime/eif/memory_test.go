package eif

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// synthetic is content of any size that takes no memory: one block, again and again.
type synthetic struct {
	block []byte
	size  int64
}

func newSynthetic(size int64) synthetic {
	block := make([]byte, 64<<10)
	source := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(block); i += 8 {
		binary.LittleEndian.PutUint64(block[i:], source.Uint64())
	}
	return synthetic{block, size}
}

func (s synthetic) Size() int64 { return s.size }

func (s synthetic) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s, 0, s.size)), nil
}

// ReadAt implements [io.ReaderAt], without an end.
func (s synthetic) ReadAt(p []byte, at int64) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], s.block[(at+int64(n))%int64(len(s.block)):])
	}
	return len(p), nil
}

// sink is an output that keeps nothing.
type sink struct{ end int64 }

func (s *sink) Write(p []byte) (int, error) { s.end += int64(len(p)); return len(p), nil }

func (s *sink) Seek(_ int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return s.end, nil
	}
	return 0, nil
}

// patched is an image whose last section is synthetic.
type patched struct {
	head []byte
	tail synthetic
}

func (p patched) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(p.head)) {
		n = copy(b, p.head[at:])
	}
	if n < len(b) {
		m, err := p.tail.ReadAt(b[n:], at+int64(n)-int64(len(p.head)))
		return n + m, err
	}
	return n, nil
}

// largeImage is an image with a synthetic ramdisk of size bytes, without a right CRC.
func largeImage(t testing.TB, size int64) *Image {
	t.Helper()
	s := sampleSections()
	head := rawImage(4, 0, s[0], s[1], s[2], s[3], rawSection{3, ""})
	binary.BigEndian.PutUint64(head[284+8*4:], uint64(size))
	binary.BigEndian.PutUint64(head[len(head)-8:], uint64(size))
	im, err := Open(patched{head, newSynthetic(size)}, int64(len(head))+size)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// allocated is how many bytes f allocates in all, freed ones included: the peak cannot
// be higher.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemoryIsBounded works on a ramdisk of 1 GiB.
func TestMemoryIsBounded(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 64 << 20
	}
	const most = 4 << 20
	im, part := largeImage(t, size), largeImage(t, size/16)
	s := sampleSpec()
	s.Ramdisks = []Content{blob.Bytes([]byte("bootstrap")), newSynthetic(size)}
	var built, measured Measurements
	var err error
	for _, step := range []struct {
		name string
		run  func(context.Context)
	}{
		{"Build", func(ctx context.Context) { built, err = Build(ctx, &sink{}, s) }},
		{"Measure", func(ctx context.Context) { measured, err = im.Measure(ctx) }},
		{"Diff", func(ctx context.Context) { _, err = Diff(ctx, part, part) }},
	} {
		if n := allocated(func() { step.run(t.Context()) }); err != nil || n > most {
			t.Errorf("%s allocated %d bytes, at most %d are allowed; error %v", step.name, n, most, err)
		}
	}
	if built != measured {
		t.Errorf("built %v, measured %v", built, measured)
	}
}

// TestHostileSizesAllocateNothing claims sections of many sizes in a short file.
func TestHostileSizesAllocateNothing(t *testing.T) {
	good, _ := build(t, sampleSpec())
	b := make([]byte, len(good))
	n := allocated(func() {
		for section := range 6 {
			for bit := range 64 {
				copy(b, good)
				if binary.BigEndian.Uint64(b[284+8*section:]) == 1<<bit {
					continue
				}
				binary.BigEndian.PutUint64(b[284+8*section:], 1<<bit)
				if _, err := tryOpen(b); err == nil {
					t.Errorf("section %d of %d bytes was accepted", section, uint64(1)<<bit)
				}
			}
		}
	})
	if most := uint64(4 << 20); n > most {
		t.Errorf("%d bytes were allocated, at most %d are allowed", n, most)
	}
}
