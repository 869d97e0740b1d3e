package client

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/bls"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// The figures are those of a case of ethereum/bls12-381-tests ("sign").
const (
	knownSecret    = "0x263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"
	knownSignature = "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55"
)

func key(t *testing.T) *bls.Key {
	t.Helper()
	k, err := bls.ParseKey(knownSecret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKnownSignature(t *testing.T) {
	got, err := key(t).Sign(eth2.Root{})
	if err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(got[:]) != knownSignature {
		t.Errorf("signature %x", got)
	}
}

func TestVerify(t *testing.T) {
	k, root := key(t), eth2.Root{1, 2, 3}
	signature, err := k.Sign(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(k.Public(), root, signature[:]); err != nil {
		t.Error(err)
	}
	if err := Verify(k.Public(), eth2.Root{1, 2, 4}, signature[:]); !errors.Is(err, ErrSignature) {
		t.Errorf("another root: %v", err)
	}
	other, err := bls.ParseKey("0000000000000000000000000000000000000000000000000000000000000001")
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(other.Public(), root, signature[:]); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	infinity := make([]byte, len(signature))
	infinity[0] = 0xc0
	for name, bad := range map[string][]byte{"nothing": nil, "a cut one": signature[:95], "infinity": infinity, "zeros": make([]byte, 96)} {
		if err := Verify(k.Public(), root, bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := Verify(eth2.PublicKey{0xc0}, root, signature[:]); err == nil {
		t.Error("the public key at infinity is accepted")
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for name, digits := range map[string]string{
		"zero": "0000000000000000000000000000000000000000000000000000000000000000", "short": "01", "no digits": "zz",
		"the order": "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001",
	} {
		if _, err := bls.ParseKey(digits); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// BenchmarkSign is what a signature costs without any path to the signer.
func BenchmarkSign(b *testing.B) {
	k, err := bls.ParseKey(knownSecret)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := k.Sign(eth2.Root{byte(i), byte(i >> 8)}); err != nil {
			b.Fatal(err)
		}
	}
}
