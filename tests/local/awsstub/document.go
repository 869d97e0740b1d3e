package awsstub

import (
	"bytes"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// Verified accepts documents that a policy accepts, such as those of attesttest with its
// root among the extra ones.
func Verified(p attest.Policy) func(raw []byte) (*attest.Document, error) {
	return func(raw []byte) (*attest.Document, error) {
		v, err := attest.Verify(raw, p)
		if err != nil {
			return nil, err
		}
		return &v.Document, nil
	}
}

// Emulated accepts documents whose PCR0 is one of these, whoever has made them: QEMU's
// security module signs with zeros. It proves nothing, and is for tests alone.
func Emulated(pcr0 ...attest.PCR) func(raw []byte) (*attest.Document, error) {
	return func(raw []byte) (*attest.Document, error) {
		document, err := attest.ParseUnverified(raw)
		if err != nil {
			return nil, err
		}
		for _, allowed := range pcr0 {
			if bytes.Equal(document.PCRs[0], allowed) {
				return document, nil
			}
		}
		return nil, fmt.Errorf("PCR0 is %s, which is not that of the image", document.PCRs[0])
	}
}
