package attesttest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// Options change what an issuer is made of.
type Options struct {
	// Now is when the certificates are issued. Zero is now.
	Now time.Time
	// Modify may change a certificate before it is signed.
	Modify func(Level, *x509.Certificate)
}

// Issuer signs documents as AWS's hardware does, with certificates of the same five
// levels, extensions and lifetimes.
type Issuer struct {
	now   time.Time
	chain []*x509.Certificate
	key   *ecdsa.PrivateKey
}

// NewIssuer makes new keys and certificates.
func NewIssuer(o Options) (*Issuer, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	chain, key, err := issue(o)
	if err != nil {
		return nil, err
	}
	return &Issuer{o.Now, chain, key}, nil
}

// Root is the certificate that a verifier has to trust.
func (i *Issuer) Root() *x509.Certificate { return i.chain[Root] }

// Certificate returns that of a level.
func (i *Issuer) Certificate(l Level) *x509.Certificate { return i.chain[l] }

// Sign puts a payload of any kind into a signed message without a tag.
func (i *Issuer) Sign(payload []byte) ([]byte, error) {
	signer, err := cose.NewSigner(cose.AlgorithmES384, i.key)
	if err != nil {
		return nil, err
	}
	headers := cose.Headers{Protected: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmES384}}
	return cose.Sign1Untagged(rand.Reader, signer, headers, payload, nil)
}

// Document encodes and signs a payload.
func (i *Issuer) Document(p Payload) ([]byte, error) {
	payload, err := p.Encode()
	if err != nil {
		return nil, err
	}
	return i.Sign(payload)
}

// Payload is what a document says, by the names of its fields. Tests change it at will.
type Payload map[string]any

// Payload returns that of a document which breaks no rule: PCR0 to PCR2 are of an image
// that is not signed, the other registers are zero, and so are the fields that an enclave
// did not ask for, which AWS's hardware writes as null.
func (i *Issuer) Payload() Payload {
	bundle := make([][]byte, Leaf)
	for level := range bundle {
		bundle[level] = i.chain[level].Raw
	}
	return Payload{
		"module_id": ModuleID, "digest": "SHA384", "timestamp": uint64(i.now.UnixMilli()), "pcrs": registers(),
		"certificate": i.chain[Leaf].Raw, "cabundle": bundle,
		"public_key": nil, "user_data": nil, "nonce": nil,
	}
}

// With returns a copy with one field changed.
func (p Payload) With(field string, value any) Payload {
	changed := p.Without(field)
	changed[field] = value
	return changed
}

// Without returns a copy that lacks a field.
func (p Payload) Without(field string) Payload {
	changed := make(Payload, len(p))
	for name, value := range p {
		if name != field {
			changed[name] = value
		}
	}
	return changed
}

// Encode returns the payload in CBOR, the same bytes for the same payload.
func (p Payload) Encode() ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(map[string]any(p))
}
