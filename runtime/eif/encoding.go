package eif

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"
)

// signatureEntry is the CBOR of one signature. AWS's writer has arrays of numbers where
// CBOR has byte strings, and its order of keys; QEMU's reader relies on both.
type signatureEntry struct {
	Certificate []uint16 `cbor:"signing_certificate"`
	Signature   []uint16 `cbor:"signature"`
}

// register is the CBOR that is signed.
type register struct {
	Index int      `cbor:"register_index"`
	Value []uint16 `cbor:"register_value"`
}

func registerPayload(pcr0 Digest) ([]byte, error) {
	return cbor.Marshal(register{0, numbers(pcr0[:])})
}

func encodeSignature(certificate, signature []byte) ([]byte, error) {
	return cbor.Marshal([]signatureEntry{{numbers(certificate), numbers(signature)}})
}

type signatureParts struct{ certificate, signature []byte }

func decodeSignature(payload []byte) (signatureParts, error) {
	var list []signatureEntry
	if err := decoding.Unmarshal(payload, &list); err != nil {
		return signatureParts{}, fmt.Errorf("must be CBOR as AWS's writer makes it: %w", err)
	}
	if len(list) != 1 {
		return signatureParts{}, fmt.Errorf("must be of one register, PCR0, not of %d", len(list))
	}
	certificate, err := octets(list[0].Certificate)
	if err != nil {
		return signatureParts{}, fmt.Errorf("its certificate %w", err)
	}
	signature, err := octets(list[0].Signature)
	if err != nil {
		return signatureParts{}, fmt.Errorf("its COSE_Sign1 %w", err)
	}
	again, err := encodeSignature(certificate, signature)
	if err != nil {
		return signatureParts{}, err
	}
	if !bytes.Equal(again, payload) {
		return signatureParts{}, errors.New("must have the keys, their order and the shortest numbers of AWS's writer")
	}
	return signatureParts{certificate, signature}, nil
}

// numbers widens bytes, because the encoder would make a byte string of them.
func numbers(b []byte) []uint16 {
	wide := make([]uint16, len(b))
	for i, v := range b {
		wide[i] = uint16(v)
	}
	return wide
}

// octets is the reverse of numbers.
func octets(wide []uint16) ([]byte, error) {
	b := make([]byte, len(wide))
	for i, v := range wide {
		if v > math.MaxUint8 {
			return nil, fmt.Errorf("has %d in place of a byte", v)
		}
		b[i] = byte(v)
	}
	return b, nil
}
