package eif

import (
	"crypto/sha512"
	"fmt"
	"hash/crc32"
	"io"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
)

// sizes of the ramdisk in the benchmarks.
var sizes = []int64{20e6, 200e6, 1 << 30}

func each(b *testing.B, run func(b *testing.B, size int64)) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("%dMB", size/1e6), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			run(b, size)
		})
	}
}

// BenchmarkHash is what no builder can be faster than: one SHA-384 and one CRC-32 over
// the same bytes.
func BenchmarkHash(b *testing.B) {
	each(b, func(b *testing.B, size int64) {
		buffer := make([]byte, chunkSize)
		for b.Loop() {
			r, err := newSynthetic(size).Open()
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.CopyBuffer(io.MultiWriter(sha512.New384(), crc32.NewIEEE()), r, buffer); n != size || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	each(b, func(b *testing.B, size int64) {
		s := sampleSpec()
		s.Ramdisks = []Content{blob.Bytes([]byte("bootstrap")), newSynthetic(size)}
		for b.Loop() {
			if _, err := Build(b.Context(), &sink{}, s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	each(b, func(b *testing.B, size int64) {
		im := largeImage(b, size)
		for b.Loop() {
			if _, err := im.Measure(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
