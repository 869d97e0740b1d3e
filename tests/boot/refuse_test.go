package boot

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

const (
	headerSize = 548
	crcOffset  = 544 // of the header's last four bytes, the checksum of the rest
)

// TestDamagedImages: what eif.Verify refuses does not start in the emulator either.
// The exception is a signature that is not of this image: QEMU takes the certificate
// for PCR8 and checks no signature. Only Verify stands between such an image and a
// node, where AWS's tools would refuse it.
func TestDamagedImages(t *testing.T) {
	m := newMachine(t)
	whole := m.build(t, "one", signedBy(newSigner(t)))
	if err := verify(t, whole); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(data []byte) []byte
		verify string // part of Verify's error
		qemu   string // part of the launch's error; empty when it starts the image
	}{
		"checksum":          {flip(crcOffset + 3), "header.crc", "CRC mismatch"},
		"a byte":            {flip(headerSize + 1000), "header.crc", "CRC mismatch"},
		"cut off":           {func(data []byte) []byte { return data[:len(data)-100] }, "", "Failed to read EIF signature"},
		"no image":          {flip(0), "magic", "Magic mismatch"},
		"another signature": {func(data []byte) []byte { return sum(flip(len(data) - 1)(data)) }, "signature", ""},
	} {
		t.Run(name, func(t *testing.T) {
			damaged := whole.changed(t, tt.change)
			if err := verify(t, damaged); err == nil || !strings.Contains(err.Error(), tt.verify) {
				t.Errorf("Verify: %v, want an error with %q", err, tt.verify)
			}
			if tt.qemu == "" {
				wantRegisters(t, m.once(t, m.launcher(), request(damaged.path), nil), whole.measurements, zero, noInstance)
				return
			}
			r := m.boot(t, m.launcher(), request(damaged.path), nil)
			if r.err == nil || !strings.Contains(r.err.Error(), tt.qemu) || r.starts != 0 {
				t.Errorf("QEMU: %d starts, %v, want %q", r.starts, r.err, tt.qemu)
			}
		})
	}
}

func verify(t *testing.T, im image) error {
	t.Helper()
	file, err := os.Open(im.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return eif.Verify(t.Context(), file, info.Size(), eif.VerifyOptions{RequireSignature: true})
}

// flip changes the lowest bit of a byte. In the last byte of a signed image, the end of
// the signature, the result is still CBOR: a small number stays one, a large one too.
func flip(at int) func([]byte) []byte {
	return func(data []byte) []byte {
		data[at] ^= 1
		return data
	}
}

// sum corrects the checksum.
func sum(data []byte) []byte {
	crc := crc32.Update(crc32.ChecksumIEEE(data[:crcOffset]), crc32.IEEETable, data[headerSize:])
	binary.BigEndian.PutUint32(data[crcOffset:], crc)
	return data
}
