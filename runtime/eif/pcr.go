package eif

import (
	"crypto/sha512"
	"crypto/x509"
	"hash"
)

// extend is what the hypervisor does to a PCR that was zero.
func extend(inner []byte) Digest {
	return sha512.Sum384(append(make([]byte, len(Digest{})), inner...))
}

func pcr8(c *x509.Certificate) Digest {
	inner := sha512.Sum384(c.Raw)
	return extend(inner[:])
}

// registers computes PCR0 to PCR2 from payloads in the order of the file. The bytes of
// PCR1 are how those of PCR0 begin, so they are hashed once.
type registers struct {
	image, application hash.Hash
	bootstrap          []byte
}

func newRegisters() *registers {
	return &registers{image: sha512.New384(), application: sha512.New384()}
}

// hashes returns what a section's payload is written to: nothing for one that is not
// measured.
func (r *registers) hashes(t SectionType) []hash.Hash {
	switch {
	case t == SectionKernel || t == SectionCmdline || t == SectionRamdisk && r.bootstrap == nil:
		return []hash.Hash{r.image}
	case t == SectionRamdisk:
		return []hash.Hash{r.image, r.application}
	}
	return nil
}

// done ends a section.
func (r *registers) done(t SectionType) {
	if t == SectionRamdisk && r.bootstrap == nil {
		r.bootstrap = r.image.Sum(nil)
	}
}

func (r *registers) measurements() Measurements {
	return Measurements{PCR0: extend(r.image.Sum(nil)), PCR1: extend(r.bootstrap), PCR2: extend(r.application.Sum(nil))}
}
