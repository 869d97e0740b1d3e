package eth2

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Root is a hash of 32 bytes, "0x" and hexadecimal digits in JSON.
type Root [32]byte

// Version is that of a fork, 4 bytes.
type Version [4]byte

// Address is one of the execution layer, 20 bytes.
type Address [20]byte

// PublicKey is a point of G1 in its compressed form, 48 bytes.
type PublicKey [48]byte

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *Root) UnmarshalText(text []byte) error { return decodeHex(r[:], text) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (v *Version) UnmarshalText(text []byte) error { return decodeHex(v[:], text) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *Address) UnmarshalText(text []byte) error { return decodeHex(a[:], text) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *PublicKey) UnmarshalText(text []byte) error { return decodeHex(k[:], text) }

// MarshalText implements [encoding.TextMarshaler].
func (r Root) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// MarshalText implements [encoding.TextMarshaler].
func (v Version) MarshalText() ([]byte, error) { return encodeHex(v[:]), nil }

// MarshalText implements [encoding.TextMarshaler].
func (a Address) MarshalText() ([]byte, error) { return encodeHex(a[:]), nil }

// MarshalText implements [encoding.TextMarshaler].
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String returns "0x" and 64 lower-case digits.
func (r Root) String() string { return string(encodeHex(r[:])) }

// String returns "0x" and 96 lower-case digits.
func (k PublicKey) String() string { return string(encodeHex(k[:])) }

// Uint is a number of 64 bits. Clients write it as a string; a JSON number is taken too.
type Uint uint64

// UnmarshalJSON implements [encoding/json.Unmarshaler].
func (u *Uint) UnmarshalJSON(text []byte) error {
	s := string(text)
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%.40q is not a number of 64 bits", text)
	}
	*u = Uint(n)
	return nil
}

// MarshalJSON implements [encoding/json.Marshaler].
func (u Uint) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatUint(uint64(u), 10) + `"`), nil
}

func decodeHex(to, text []byte) error {
	digits := strings.TrimPrefix(string(text), "0x")
	if len(digits) != 2*len(to) {
		return fmt.Errorf("%.100q has not %d bytes in hexadecimal digits", text, len(to))
	}
	if _, err := hex.Decode(to, []byte(digits)); err != nil {
		return fmt.Errorf("%.100q: %w", text, err)
	}
	return nil
}

func encodeHex(b []byte) []byte { return hex.AppendEncode([]byte("0x"), b) }
