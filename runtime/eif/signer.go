package eif

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/veraison/go-cose"
)

// Signer signs images with an elliptic-curve key that belongs to a certificate.
type Signer struct {
	pem         []byte
	certificate *x509.Certificate
	signer      digestSigner
}

// NewSigner returns a signer for a certificate, one PEM block of at most
// [MaxCertificate] bytes, and its key on the curve P-256, P-384 or P-521. The key may be
// anywhere: a client of KMS or of an HSM is a [crypto.Signer] whose Sign returns an
// ASN.1 signature of the digest. With an *ecdsa.PrivateKey signatures are deterministic
// (RFC 6979).
//
// A certificate of another key is refused, and one that is not valid now: AWS's check of
// a signature would fail.
func NewSigner(certificate []byte, key crypto.Signer) (*Signer, error) {
	return newSigner(certificate, key, time.Now())
}

func newSigner(certificate []byte, key crypto.Signer, now time.Time) (*Signer, error) {
	c, err := parseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("signing certificate: %w", err)
	}
	if err := validAt(c, now); err != nil {
		return nil, fmt.Errorf("signing certificate: %w", err)
	}
	a, err := algorithmOf(key.Public())
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return nil, fmt.Errorf("the signing certificate (%s) is not that of the signing key", c.Subject)
	}
	return &Signer{certificate, c, digestSigner{a, key}}, nil
}

// Certificate is the certificate that goes into the image.
func (s *Signer) Certificate() *x509.Certificate { return s.certificate }

// PCR8 is the measurement of the certificate: what a policy names to allow every image
// of this signer.
func (s *Signer) PCR8() Digest { return pcr8(s.certificate) }

// section signs PCR0 and returns the payload of the signature section.
func (s *Signer) section(pcr0 Digest) ([]byte, error) {
	payload, err := registerPayload(pcr0)
	if err != nil {
		return nil, err
	}
	message := cose.UntaggedSign1Message{Payload: payload}
	message.Headers.Protected = cose.ProtectedHeader{cose.HeaderLabelAlgorithm: s.signer.cose}
	if err := message.Sign(s.signer.entropy(), nil, s.signer); err != nil {
		return nil, err
	}
	signature, err := message.MarshalCBOR()
	if err != nil {
		return nil, err
	}
	return encodeSignature(s.pem, signature)
}
