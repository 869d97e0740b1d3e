package client

import (
	"errors"
	"fmt"

	"github.com/cloudflare/circl/ecc/bls12381"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// tag is the ciphersuite of Ethereum's consensus layer.
const tag = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"

// ErrSignature says that a signature is well-formed and not of this key and root.
var ErrSignature = errors.New("the signature is not of this key and this signing root")

// Verify checks a signature with a library that is not the signer's. Points outside their
// groups and the point at infinity are refused, as the specification has it.
func Verify(key eth2.PublicKey, root eth2.Root, signature []byte) error {
	var public bls12381.G1
	if err := public.SetBytes(key[:]); err != nil || public.IsIdentity() || !public.IsOnG1() {
		return fmt.Errorf("the public key %s is no point of the group (%w)", key, orInvalid(err))
	}
	var point bls12381.G2
	if err := point.SetBytes(signature); err != nil || !point.IsOnG2() {
		return fmt.Errorf("the signature %x is no point of the group (%w)", signature, orInvalid(err))
	}
	var hashed bls12381.G2
	hashed.Hash(root[:], []byte(tag))
	// e(public, hashed) and e(generator, signature) are the same if their quotient is one.
	quotient := bls12381.ProdPairFrac([]*bls12381.G1{&public, bls12381.G1Generator()}, []*bls12381.G2{&hashed, &point}, []int{1, -1})
	if !quotient.IsIdentity() {
		return ErrSignature
	}
	return nil
}

func orInvalid(err error) error {
	if err == nil {
		return errors.New("outside the subgroup, or infinity")
	}
	return err
}
