package eif

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// VerifyOptions say what an image is compared with. The zero value checks that it is
// consistent: its layout, checksum, metadata and, if it is signed, its signature.
type VerifyOptions struct {
	// Expected are the measurements that the image must have.
	Expected Expected
	// RequireSignature refuses an image that is not signed.
	RequireSignature bool
	// Certificate is the signing certificate that the image must have, in PEM form. It
	// implies RequireSignature.
	Certificate []byte
	// Time is when the signing certificate must be valid. Zero means now.
	Time time.Time
}

// Expected are measurements to compare with. Nil ones are not compared. A PCR8 demands
// a signature.
type Expected struct {
	PCR0, PCR1, PCR2, PCR8 *Digest
}

// Expect expects all of the measurements. Without a PCR8 it does not say that there must
// be no signature.
func Expect(m Measurements) Expected { return Expected{&m.PCR0, &m.PCR1, &m.PCR2, m.PCR8} }

// Verify opens an image of size bytes and verifies it; see [Image.Verify]. What is
// wrong with its layout is reported the same way.
func Verify(ctx context.Context, r io.ReaderAt, size int64, o VerifyOptions) error {
	im, err := Open(r, size)
	if err != nil {
		return err
	}
	return im.Verify(ctx, o)
}

// Verify derives everything again from the file and compares. All that is wrong comes
// back at once, as [Violations]; another error means that the file could not be read or
// that the options make no sense.
func (im *Image) Verify(ctx context.Context, o VerifyOptions) error {
	_, found, err := im.Examine(ctx, o)
	if err != nil {
		return err
	}
	return found.err()
}

// Examine is Verify that returns the measurements too, also of an image with
// violations, and reads the file once. PCR8 is nil when the signature section is
// malformed.
func (im *Image) Examine(ctx context.Context, o VerifyOptions) (Measurements, Violations, error) {
	if o.Certificate != nil {
		if _, err := parseCertificate(o.Certificate); err != nil {
			return Measurements{}, nil, fmt.Errorf("the certificate to compare with %w", err)
		}
	}
	s, err := im.scan(ctx)
	if err != nil {
		return Measurements{}, nil, err
	}
	found := im.checkCRC(s)
	if err := im.checkMetadata(&found); err != nil {
		return Measurements{}, nil, err
	}
	m := s.registers.measurements()
	if err := im.checkSignature(&found, &m, o); err != nil {
		return Measurements{}, nil, err
	}
	compare(&found, o.Expected, m)
	return m, found, nil
}

func (im *Image) checkCRC(s *scanner) Violations {
	if sum := s.checksum(im.raw); sum != im.crc {
		return Violations{{"header.crc", atCRC, fmt.Sprintf("%08x", im.crc), fmt.Sprintf("must be %08x, the checksum of the file: it was damaged or changed", sum)}}
	}
	return nil
}

func (im *Image) checkMetadata(found *Violations) error {
	if im.metadata == nil {
		return nil
	}
	_, err := im.Metadata()
	return found.join(err)
}

// checkSignature also completes the measurements with PCR8.
func (im *Image) checkSignature(found *Violations, m *Measurements, o VerifyOptions) error {
	s, err := im.Signature()
	if !im.Signed() && !o.RequireSignature && o.Certificate == nil && o.Expected.PCR8 == nil {
		return nil
	}
	if err != nil {
		return found.join(err)
	}
	pcr := pcr8(s.Certificate)
	m.PCR8 = &pcr
	section, _ := im.section(SectionSignature)
	for _, err := range []error{s.check(m.PCR0), s.validAt(o.Time), s.pinned(o.Certificate)} {
		if err != nil {
			found.add("signature", section.payload(), nil, err.Error())
		}
	}
	return nil
}

func (s *Signature) validAt(t time.Time) error {
	if t.IsZero() {
		t = time.Now()
	}
	if err := validAt(s.Certificate, t); err != nil {
		return fmt.Errorf("its certificate %w", err)
	}
	return nil
}

func (s *Signature) pinned(want []byte) error {
	if want == nil {
		return nil
	}
	c, err := parseCertificate(want)
	if err != nil {
		return err
	}
	if !bytes.Equal(c.Raw, s.Certificate.Raw) {
		return fmt.Errorf("its certificate (%.100q, PCR8 %s) is not the expected one (%.100q, PCR8 %s)",
			s.Certificate.Subject, pcr8(s.Certificate), c.Subject, pcr8(c))
	}
	return nil
}

func compare(found *Violations, want Expected, have Measurements) {
	for _, p := range []struct {
		name       string
		want, have *Digest
	}{
		{"PCR0", want.PCR0, &have.PCR0}, {"PCR1", want.PCR1, &have.PCR1}, {"PCR2", want.PCR2, &have.PCR2}, {"PCR8", want.PCR8, have.PCR8},
	} {
		// Without a PCR8 to compare, the missing signature was reported.
		if p.want != nil && p.have != nil && *p.want != *p.have {
			found.add(p.name, -1, p.have.String(), "must be "+p.want.String())
		}
	}
}
