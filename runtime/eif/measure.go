package eif

import (
	"context"
	"fmt"
	"io"
)

// Measure computes the PCRs from the sections. PCR8 is that of the certificate in the
// signature section; only [Image.Verify] tells whether the signature is good.
func (im *Image) Measure(ctx context.Context) (Measurements, error) {
	s, err := im.scan(ctx)
	if err != nil {
		return Measurements{}, err
	}
	m := s.registers.measurements()
	if im.Signed() {
		signature, err := im.Signature()
		if err != nil {
			return Measurements{}, err
		}
		pcr := pcr8(signature.Certificate)
		m.PCR8 = &pcr
	}
	return m, nil
}

// scan reads the whole file once.
func (im *Image) scan(ctx context.Context) (*scanner, error) {
	s := newScanner(io.Discard, im.size)
	for _, section := range im.header.sections {
		if err := s.section(ctx, section.Type, im.payload(section)); err != nil {
			return nil, fmt.Errorf("reading the image: %w", err)
		}
	}
	return s, nil
}
