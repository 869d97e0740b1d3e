package eif

import (
	"bytes"
	"crypto/elliptic"
	"testing"
)

// FuzzImage opens, measures, verifies and compares anything. What is accepted must
// measure as the definition says, and Build must give its bytes again.
func FuzzImage(f *testing.F) {
	s := sampleSpec()
	for _, curve := range []elliptic.Curve{nil, elliptic.P256(), elliptic.P384()} {
		if curve != nil {
			s.Signer = testSigner(f, curve, 1)
		}
		b, _ := build(f, s)
		f.Add(b, true)
		f.Add(b[:len(b)-1], true)
	}
	sections := sampleSections()
	f.Add(rawImage(2, 1, sections[0], sections[1], sections[3]), true)
	f.Add(rawImage(4, 0, sections[0], sections[1], rawSection{3, cpio(sampleFiles()...)}, sections[2], rawSection{4, "\x80"}), true)
	f.Fuzz(func(t *testing.T, b []byte, repair bool) {
		if repair && len(b) >= headerSize {
			b = fixCRC(bytes.Clone(b)) // else hardly anything gets past the checksum
		}
		checkImage(t, b)
	})
}

// FuzzSections makes images of sections of any types, with any payloads, and changes
// one place of each, so that much of what is tried has a layout in order.
func FuzzSections(f *testing.F) {
	signature, err := testSigner(f, p256, 1).section(pcrOf("kcr"))
	if err != nil {
		f.Fatal(err)
	}
	metadata, err := sampleMetadata().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(4), []byte{1, 2, 5, 3, 4}, []byte("k"), []byte("c"), metadata, []byte("r"), signature, uint16(0), byte(0))
	f.Add(uint16(3), []byte{1, 2, 3, 4, 3}, []byte("k"), []byte("c"), metadata, []byte("r"), signature, uint16(548), byte(1))
	f.Add(uint16(4), []byte{1, 2, 3, 3, 3, 5}, []byte("k"), []byte(""), metadata, []byte(cpio(sampleFiles()...)), signature, uint16(700), byte(9))
	f.Fuzz(func(t *testing.T, version uint16, kinds, kernel, cmdline, metadata, ramdisk, signature []byte, at uint16, flip byte) {
		payloads := [][]byte{nil, kernel, cmdline, ramdisk, signature, metadata}
		var sections []rawSection
		for _, kind := range kinds[:min(len(kinds), MaxSections)] {
			sections = append(sections, rawSection{uint16(kind), string(payloads[int(kind)%len(payloads)])})
		}
		b := rawImage(version, version>>8&1, sections...)
		b[int(at)%len(b)] ^= flip
		checkImage(t, fixCRC(b))
	})
}

func checkImage(t *testing.T, b []byte) {
	im, err := tryOpen(b)
	if err != nil {
		return
	}
	verified := im.Verify(t.Context(), VerifyOptions{Time: now})
	m, err := im.Measure(t.Context())
	if err != nil {
		if verified == nil {
			t.Fatalf("verified, but not measured: %v", err)
		}
		return
	}
	checkMeasurements(t, im, b, m)
	if found, err := Diff(t.Context(), im, im); err != nil || found != nil {
		t.Fatalf("an image differs from itself: %v, %v", found, err)
	}
	if verified == nil && im.Signed() {
		checkSignedAgain(t, im, b)
	}
}

// checkMeasurements concatenates what PCR0 is of.
func checkMeasurements(t *testing.T, im *Image, b []byte, m Measurements) {
	var all []byte
	for _, s := range im.Sections() {
		if s.Type == SectionKernel || s.Type == SectionCmdline || s.Type == SectionRamdisk {
			all = append(all, b[s.Offset+12:][:s.Size]...)
		}
	}
	if want := pcrOf(string(all)); m.PCR0 != want {
		t.Fatalf("PCR0 is %s, want %s", m.PCR0, want)
	}
}

// checkSignedAgain replaces a good signature: all of the image but that must stay.
func checkSignedAgain(t *testing.T, im *Image, b []byte) {
	var out buffer
	m, err := Sign(t.Context(), &out, im, testSigner(t, p256, 9))
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(t.Context(), bytes.NewReader(out.b), int64(len(out.b)), VerifyOptions{Expected: Expect(m), RequireSignature: true, Time: now}); err != nil {
		t.Fatal(err)
	}
	again := open(t, out.b)
	if !bytes.Equal(again.metadata, im.metadata) || again.cmdline != im.cmdline || len(again.Sections()) != len(im.Sections()) {
		t.Fatalf("signing changed more than the signature: %d bytes became %d", len(b), len(out.b))
	}
}

// FuzzDiff compares images that differ in a ramdisk and in the metadata. Only equal ones
// may have no difference.
func FuzzDiff(f *testing.F) {
	files := sampleFiles()
	one := cpio(files...)
	files[3].mode, files[4].content = 0, "x"
	f.Add([]byte(one), []byte(cpio(files...)), []byte("{}"), []byte(`{"a":[1,{}]}`))
	f.Add([]byte(one), []byte(one+"\x00\x00\x00\x00"+one), []byte(`{"a":1}`), []byte(`{"a":1 }`))
	f.Add([]byte(compressed(f, one)), []byte(compressed(f, cpio(files...))), []byte("{}"), []byte("{}"))
	f.Fuzz(func(t *testing.T, ramdiskA, ramdiskB, metadataA, metadataB []byte) {
		image := func(ramdisk, metadata []byte) []byte {
			return rawImage(4, 0, rawSection{1, "k"}, rawSection{2, "c"}, rawSection{5, string(metadata)}, rawSection{3, string(ramdisk)})
		}
		bytesA, bytesB := image(ramdiskA, metadataA), image(ramdiskB, metadataB)
		a, errA := tryOpen(bytesA)
		b, errB := tryOpen(bytesB)
		if errA != nil || errB != nil {
			return
		}
		found, err := Diff(t.Context(), a, b)
		if err != nil || (len(found) == 0) != bytes.Equal(bytesA, bytesB) {
			t.Fatalf("%q, %v", found, err)
		}
	})
}

// FuzzSignature parses signature sections. What is accepted must have one encoding only.
func FuzzSignature(f *testing.F) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		section, err := testSigner(f, curve, 1).section(Digest{1})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(section)
	}
	f.Add([]byte("\x80"))
	f.Add([]byte("\x81\xa2\x73signing_certificate\x81\x01\x69signature\x81\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > MaxSignature {
			return
		}
		s, err := parseSignature(b)
		if err != nil {
			return
		}
		message, err := s.message.MarshalCBOR()
		if err != nil {
			return // an odd but harmless COSE header
		}
		_ = s.check(Digest{1})
		_ = pcr8(s.Certificate)
		if again, err := encodeSignature(s.PEM, message); err != nil || len(again) > 2*MaxSignature {
			t.Fatalf("written again: %d bytes, %v", len(again), err)
		}
	})
}

// FuzzMetadata parses metadata sections. Writing what was read must be stable.
func FuzzMetadata(f *testing.F) {
	good, err := sampleMetadata().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"ImageName":"","ImageVersion":"","BuildMetadata":{},"DockerInfo":[[[{}]]],"CustomMetadata":1e999}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMetadata(b)
		if err != nil {
			return
		}
		first, err := m.encode()
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		again, err := parseMetadata(first)
		if err != nil {
			t.Fatalf("written, but not read: %v", err)
		}
		if second, err := again.encode(); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("writing again gives %q after %q, %v", second, first, err)
		}
	})
}
