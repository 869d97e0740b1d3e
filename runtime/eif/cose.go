package eif

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/veraison/go-cose"
)

// algorithm is what COSE signs with on a curve (RFC 9053, section 2.1).
type algorithm struct {
	curve elliptic.Curve
	cose  cose.Algorithm
	hash  crypto.Hash
}

// algorithmOf returns the algorithm of an elliptic-curve key.
func algorithmOf(public crypto.PublicKey) (algorithm, error) {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok {
		return algorithm{}, fmt.Errorf("the key is a %T: enclave images are signed with elliptic-curve keys, best P-384", public)
	}
	switch key.Curve {
	case elliptic.P256():
		return algorithm{key.Curve, cose.AlgorithmES256, crypto.SHA256}, nil
	case elliptic.P384():
		return algorithm{key.Curve, cose.AlgorithmES384, crypto.SHA384}, nil
	case elliptic.P521():
		return algorithm{key.Curve, cose.AlgorithmES512, crypto.SHA512}, nil
	}
	return algorithm{}, fmt.Errorf("the key's curve is %s: it must be P-256, P-384 or P-521", key.Curve.Params().Name)
}

// digestSigner signs with a key that may be far away. The library's own takes a
// crypto.Signer too, but calls it without the hash function, which clients of KMS and
// HSMs need.
type digestSigner struct {
	algorithm

	key crypto.Signer
}

// Algorithm implements [cose.Signer].
func (s digestSigner) Algorithm() cose.Algorithm { return s.cose }

// Sign implements [cose.Signer]. The signature is checked: a wrong one would be noticed
// only when the enclave does not start.
func (s digestSigner) Sign(random io.Reader, content []byte) ([]byte, error) {
	h := s.hash.New()
	h.Write(content)
	digest := h.Sum(nil)
	der, err := s.key.Sign(random, digest, s.hash)
	if err != nil {
		return nil, err
	}
	public, ok := s.key.Public().(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(public, digest, der) {
		return nil, errors.New("the key returned a signature that is not its own")
	}
	return s.raw(der)
}

// raw turns an ASN.1 signature into the two numbers, side by side, that COSE has.
func (s digestSigner) raw(der []byte) ([]byte, error) {
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &numbers); err != nil {
		return nil, err
	}
	size := (s.curve.Params().BitSize + 7) / 8
	b := make([]byte, 2*size)
	numbers.R.FillBytes(b[:size])
	numbers.S.FillBytes(b[size:])
	return b, nil
}

// entropy is nothing for a key in memory: its signatures then follow RFC 6979, and the
// same image gets the same bytes.
func (s digestSigner) entropy() io.Reader {
	if _, local := s.key.(*ecdsa.PrivateKey); local {
		return nil
	}
	return rand.Reader
}
