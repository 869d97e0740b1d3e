package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// tagSign1 is the tag of a COSE_Sign1 message, 18, in its one byte. AWS's hardware leaves
// it out.
const tagSign1 = 0xd2

// envelope is the COSE_Sign1 message around a document.
type envelope struct {
	// protected is the header as it was signed, a byte string with its head.
	protected cbor.RawMessage
	// algorithm is what the header names, 0 if it names none.
	algorithm          int64
	unprotected        cbor.RawMessage
	payload, signature []byte
}

// parseEnvelope returns nil where there is no message at all.
func parseEnvelope(raw []byte, l *Violations) *envelope {
	switch {
	case len(raw) == 0:
		l.add("document", "", "is empty", "")
		return nil
	case len(raw) > MaxDocument:
		l.add("document", fmt.Sprintf("%d bytes", len(raw)), fmt.Sprintf("must have at most %d bytes", MaxDocument), "")
		return nil
	case raw[0] == tagSign1:
		raw = raw[1:]
	}
	var parts []cbor.RawMessage
	if err := decode(strict, raw, majorArray, "a COSE_Sign1 message, an array of 4 elements", &parts); err != nil {
		l.join("document", err)
		return nil
	}
	if len(parts) != 4 {
		l.add("document", fmt.Sprintf("%d elements", len(parts)), "must be a COSE_Sign1 message, an array of 4 elements", "")
		return nil
	}
	e := &envelope{protected: parts[0], unprotected: parts[1]}
	var err error
	e.algorithm, err = parseProtected(e.protected)
	l.join("protected", err)
	e.payload, err = decodeBytes(parts[2])
	l.join("payload", err)
	e.signature, err = decodeBytes(parts[3])
	l.join("signature", err)
	return e
}

// parseProtected returns the algorithm of the header, which AWS's documents have alone.
func parseProtected(item []byte) (int64, error) {
	header, err := decodeBytes(item)
	if err != nil {
		return 0, err
	}
	var labels map[int64]int64
	if err := decode(strict, header, majorMap, "a map of integers", &labels); err != nil {
		return 0, Violation{Value: shown(header), Rule: err.Error()}
	}
	algorithm, ok := labels[cose.HeaderLabelAlgorithm]
	if !ok || len(labels) != 1 {
		return 0, Violation{Value: shown(header), Rule: "must hold the algorithm and nothing else"}
	}
	return algorithm, nil
}

// check verifies the signature and what verification rests on. The leaf is nil where it
// could not be parsed, which was reported then.
func (e *envelope) check(leaf *x509.Certificate, l *Violations) {
	before := len(*l)
	if e.algorithm != int64(cose.AlgorithmES384) && e.algorithm != 0 {
		l.add("protected", cose.Algorithm(e.algorithm).String(), "the algorithm must be ES384",
			"a document of QEMU's emulated NSM can be read, and not verified")
	}
	if len(e.unprotected) != 1 || e.unprotected[0] != majorMap<<5 {
		l.add("unprotected", shown(e.unprotected), "must be an empty map", "")
	}
	if n := len(e.signature); n != signatureSize && e.signature != nil {
		l.add("signature", fmt.Sprintf("%d bytes", n), fmt.Sprintf("must have %d bytes", signatureSize), "")
	}
	if len(*l) > before || leaf == nil || e.algorithm == 0 || e.payload == nil || e.signature == nil {
		return
	}
	l.join("signature", e.verify(leaf))
}

func (e *envelope) verify(leaf *x509.Certificate) error {
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P384() {
		return fmt.Errorf("ES384 needs a key on the curve P-384, and the certificate has a key of another kind (%s)", leaf.PublicKeyAlgorithm)
	}
	verifier, err := cose.NewVerifier(cose.AlgorithmES384, key)
	if err != nil {
		return err
	}
	message := cose.Sign1Message{Payload: e.payload, Signature: e.signature}
	message.Headers.RawProtected = e.protected
	message.Headers.Protected = cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmES384}
	if err := message.Verify(nil, verifier); err != nil {
		return Violation{
			Value: shown(e.signature), Rule: "was not made over this payload by the key of the certificate",
			WayOut: "the document was changed on its way, or is made up",
		}
	}
	return nil
}
