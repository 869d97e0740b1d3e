// Package bls signs as Ethereum's validators do: BLS12-381 with public keys in G1,
// messages hashed to G2, and proofs of possession (draft-irtf-cfrg-bls-signature,
// ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_). It is of a fixture: nothing is
// done against timing attacks, and keys stay in memory as they are.
package bls

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// tag separates Ethereum's use of the hash from others.
const tag = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"

// SignatureSize is that of a compressed point of G2.
const SignatureSize = bls12381.SizeOfG2AffineCompressed

// Key is a secret key and its public one.
type Key struct {
	secret *big.Int
	public eth2.PublicKey
}

// ParseKey reads a secret key of 32 bytes, as hexadecimal digits with or without "0x".
// Its errors do not show it.
func ParseKey(digits string) (*Key, error) {
	b, err := hex.DecodeString(strings.TrimPrefix(digits, "0x"))
	if err != nil || len(b) != fr.Bytes {
		return nil, fmt.Errorf("a secret key must have %d bytes in hexadecimal digits", fr.Bytes)
	}
	secret := new(big.Int).SetBytes(b)
	if secret.Sign() == 0 || secret.Cmp(fr.Modulus()) >= 0 {
		return nil, errors.New("a secret key must be more than 0 and less than the order of the group")
	}
	var point bls12381.G1Affine
	point.ScalarMultiplicationBase(secret)
	return &Key{secret, point.Bytes()}, nil
}

// Public returns the public key.
func (k *Key) Public() eth2.PublicKey { return k.public }

// Sign signs a root.
func (k *Key) Sign(root eth2.Root) ([SignatureSize]byte, error) {
	point, err := bls12381.HashToG2(root[:], []byte(tag))
	if err != nil {
		return [SignatureSize]byte{}, fmt.Errorf("hashing to G2: %w", err)
	}
	var signature bls12381.G2Affine
	signature.ScalarMultiplication(&point, k.secret)
	return signature.Bytes(), nil
}
