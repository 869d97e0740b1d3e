package attest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
)

// PCR is the value of a platform configuration register: 48 bytes where the digest is
// SHA-384, which is all that AWS's hardware has.
type PCR []byte

// ParsePCR reads a value as hexadecimal digits, those of 32, 48 or 64 bytes.
func ParsePCR(text string) (PCR, error) {
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("a PCR is written in hexadecimal digits: %w", err)
	}
	if !PCR(b).sized() {
		return nil, fmt.Errorf("a PCR of SHA-384 has 96 hexadecimal digits, not %d", len(text))
	}
	return b, nil
}

// String returns the value as lower-case hexadecimal digits.
func (p PCR) String() string { return hex.EncodeToString(p) }

// MarshalText implements [encoding.TextMarshaler].
func (p PCR) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, p), nil }

// Zero tells whether the register was never extended. Of PCR0, PCR1 and PCR2 this is so
// only in debug mode.
func (p PCR) Zero() bool { return !slices.ContainsFunc(p, func(b byte) bool { return b != 0 }) }

func (p PCR) equal(other PCR) bool { return bytes.Equal(p, other) }

// sized tells whether the length is that of a digest that AWS lists.
func (p PCR) sized() bool { return slices.Contains([]int{32, 48, 64}, len(p)) }

func pcrField(index int) string { return fmt.Sprintf("pcrs[%d]", index) }
