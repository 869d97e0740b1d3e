package eif

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// Signature is what a signature section holds. It was parsed and not checked.
type Signature struct {
	// Certificate is the signer's.
	Certificate *x509.Certificate
	// PEM is the certificate as it is in the image.
	PEM     []byte
	message cose.UntaggedSign1Message
}

// errUnsigned says that there is no signature section.
var errUnsigned = Violation{"signature", -1, nil, "the image is not signed"}

// Signature parses the signature section. It fails with [Violations] when there is none
// or when it is malformed.
func (im *Image) Signature() (*Signature, error) {
	section, ok := im.section(SectionSignature)
	if !ok {
		return nil, Violations{errUnsigned}
	}
	s, err := parseSignature(im.signature)
	if err != nil {
		return nil, Violations{{"signature", section.payload(), nil, err.Error()}}
	}
	return s, nil
}

// parseSignature accepts only the form that AWS's writer gives it, byte by byte: QEMU
// insists on most of it, and what another reader would take another way is no good.
func parseSignature(payload []byte) (*Signature, error) {
	entry, err := decodeSignature(payload)
	if err != nil {
		return nil, err
	}
	s := &Signature{PEM: entry.certificate}
	if s.Certificate, err = parseCertificate(s.PEM); err != nil {
		return nil, fmt.Errorf("its certificate %w", err)
	}
	if err := s.message.UnmarshalCBOR(entry.signature); err != nil {
		return nil, fmt.Errorf("it holds no COSE_Sign1: %w", err)
	}
	return s, nil
}

// check verifies that the certificate's key signed the register.
func (s *Signature) check(pcr0 Digest) error {
	a, err := algorithmOf(s.Certificate.PublicKey)
	if err != nil {
		return err
	}
	verifier, err := cose.NewVerifier(a.cose, s.Certificate.PublicKey)
	if err != nil {
		return err
	}
	if err := s.message.Verify(nil, verifier); err != nil {
		return fmt.Errorf("it was not made by the key of its certificate: %w", err)
	}
	want, err := registerPayload(pcr0)
	if err != nil {
		return err
	}
	if !bytes.Equal(s.message.Payload, want) {
		return s.mismatch(pcr0)
	}
	return nil
}

// mismatch says what was signed instead.
func (s *Signature) mismatch(pcr0 Digest) error {
	var signed register
	if err := decoding.Unmarshal(s.message.Payload, &signed); err != nil {
		return fmt.Errorf("it signs no PCR: %w", err)
	}
	if signed.Index != 0 {
		return fmt.Errorf("it signs PCR%d, not PCR0", signed.Index)
	}
	value, err := octets(signed.Value)
	if err != nil {
		return fmt.Errorf("it signs no PCR0: %w", err)
	}
	if bytes.Equal(value, pcr0[:]) {
		return errors.New("it signs PCR0 in another encoding than AWS's")
	}
	return fmt.Errorf("it signs another image: PCR0 is %s, the signature is of %.48x", pcr0, value)
}

var decoding = newDecoding()

// newDecoding bounds what the signature section can make the decoder do. The section
// itself is bounded by [MaxSignature].
func newDecoding() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4, MaxArrayElements: MaxSignature, MaxMapPairs: 16,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	if err != nil {
		panic(err) // the options above are constants
	}
	return mode
}
