package attest

import (
	"bytes"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

func TestVerifyRefusesEnvelope(t *testing.T) {
	i := issuer(t)
	document := sign(t, i, i.Payload())
	part := func(index int, value any) []byte {
		return reencode(t, document, func(parts []any) []any { parts[index] = value; return parts })
	}
	protected := func(header ...byte) []byte { return part(0, header) }
	unsigned := "signature: was not made over this payload"
	for name, tt := range map[string]struct {
		raw  []byte
		want []string
	}{
		"nothing":       {nil, []string{"document: is empty"}},
		"text":          {[]byte("hello"), []string{"document: must be a COSE_Sign1 message"}},
		"null":          {[]byte{null}, []string{"document: must be a COSE_Sign1 message"}},
		"oversized":     {make([]byte, MaxDocument+1), []string{"document: must have at most 16640 bytes"}},
		"trailing byte": {append(bytes.Clone(document), 0), []string{"document: must be a COSE_Sign1 message, an array of 4 elements: cbor: 1 bytes of extraneous data"}},
		"two tags":      {append([]byte{tagSign1, tagSign1}, document...), []string{"document: must be a COSE_Sign1 message"}},
		"another tag":   {append([]byte{0xd1}, document...), []string{"document: must be a COSE_Sign1 message"}},
		"indefinite":    {append(append([]byte{0x9f}, document[1:]...), 0xff), []string{"document: must be a COSE_Sign1 message"}},
		"3 elements":    {reencode(t, document, func(p []any) []any { return p[:3] }), []string{"document: must be a COSE_Sign1 message"}},
		"5 elements":    {reencode(t, document, func(p []any) []any { return append(p, 0) }), []string{"document: must be a COSE_Sign1 message"}},

		"ES256":              {protected(0xa1, 0x01, 0x26), []string{"protected: the algorithm must be ES384"}},
		"ES512":              {protected(0xa1, 0x01, 0x38, 0x23), []string{"protected: the algorithm must be ES384"}},
		"no algorithm":       {protected(0xa0), []string{"protected: must hold the algorithm and nothing else"}},
		"no header":          {part(0, []byte{}), []string{"protected: must be a map of integers"}},
		"key ID besides":     {protected(0xa2, 0x01, 0x38, 0x22, 0x04, 0x01), []string{"protected: must hold the algorithm and nothing else"}},
		"critical besides":   {protected(0xa2, 0x01, 0x38, 0x22, 0x02, 0x81, 0x01), []string{"protected: must be a map of integers"}},
		"algorithm by name":  {protected(append([]byte{0xa1, 0x01, 0x65}, "ES384"...)...), []string{"protected: must be a map of integers"}},
		"two algorithms":     {protected(0xa2, 0x01, 0x38, 0x22, 0x01, 0x26), []string{"protected: must be a map of integers"}},
		"longer encoding":    {protected(0xa1, 0x01, 0x39, 0x00, 0x22), []string{unsigned}},
		"header no bytes":    {part(0, map[int]int{1: -35}), []string{"protected: must be a byte string"}},
		"unprotected":        {part(1, map[int]int{4: 1}), []string{"unprotected: must be an empty map"}},
		"unprotected nil":    {part(1, nil), []string{"unprotected: must be an empty map"}},
		"no payload":         {part(2, nil), []string{"payload: must be a byte string"}},
		"empty payload":      {part(2, []byte{}), []string{"payload: must be a map of named fields"}},
		"payload of numbers": {part(2, []int{1, 2}), []string{"payload: must be a byte string"}},
		"no signature":       {part(3, []byte{}), []string{"signature: must have 96 bytes"}},
		"short signature":    {part(3, make([]byte, 64)), []string{"signature: must have 96 bytes"}},
		"zero signature":     {part(3, make([]byte, 96)), []string{unsigned}},
		"signature null":     {part(3, nil), []string{"signature: must be a byte string"}},
		"another's payload":  {part(2, must[[]byte](t)(i.Payload().With("nonce", []byte("x")).Encode())), []string{unsigned}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(tt.raw, pinned(i))
			expect(t, err, tt.want...)
		})
	}
}

// TestOtherSigner signs with a good key that is not the certificate's.
func TestOtherSigner(t *testing.T) {
	i := issuer(t)
	other := must[*attesttest.Issuer](t)(attesttest.NewIssuer(attesttest.Options{Now: made}))
	_, err := Verify(sign(t, other, i.Payload()), pinned(i))
	expect(t, err, "signature: was not made over this payload by the key of the certificate")
}

// TestEmulated has the form that QEMU's emulated NSM gives its documents
// (hw/virtio/virtio-nsm.c): algorithm -1, certificates and signature of 64 zero bytes.
func TestEmulated(t *testing.T) {
	i := issuer(t)
	zeros := make([]byte, 64)
	payload := i.Payload().With("certificate", zeros).With("cabundle", [][]byte{zeros}).With("nonce", []byte("n"))
	raw := reencode(t, sign(t, i, payload), func(parts []any) []any {
		return []any{[]byte{0xa1, 0x01, 0x20}, parts[1], parts[2], zeros}
	})
	got, err := ParseUnverified(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got.ModuleID != attesttest.ModuleID || !got.PCRs[0].equal(attesttest.PCR(0)) || string(got.Nonce) != "n" {
		t.Errorf("got %+v", got)
	}
	_, err = Verify(raw, pinned(i))
	expect(t, err, "cabundle[0]: is no certificate", "certificate: is no certificate",
		"protected: the algorithm must be ES384", "signature: must have 96 bytes")
}
