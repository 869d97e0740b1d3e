package attest

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Major types of CBOR (RFC 8949, 3.1), the upper three bits of an item's first byte.
const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

// Simple values, in their one byte.
const (
	cborFalse = 0xf4
	cborTrue  = 0xf5
	null      = 0xf6
)

var (
	// strict is for documents.
	strict = newDecoding(cbor.IndefLengthForbidden)
	// streamed also takes items that say where they end only when they do.
	streamed = newDecoding(cbor.IndefLengthAllowed)
)

// newDecoding bounds what input can make the decoder do. Its length is bounded by
// whoever calls.
func newDecoding(indefinite cbor.IndefLengthMode) cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: indefinite, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4, MaxArrayElements: MaxPCRs, MaxMapPairs: MaxPCRs,
	}.DecMode()
	if err != nil {
		panic(err) // the options above are constants
	}
	return mode
}

// decode decodes an item of one major type. The library by itself would take an array of
// numbers for a byte string, and null for anything.
func decode(mode cbor.DecMode, item []byte, major byte, what string, into any) error {
	if len(item) == 0 || item[0]>>5 != major {
		return errors.New("must be " + what)
	}
	if err := mode.Unmarshal(item, into); err != nil {
		return fmt.Errorf("must be %s: %w", what, err)
	}
	return nil
}

// decodeBytes returns nil only with an error: an empty string is none.
func decodeBytes(item []byte) ([]byte, error) {
	b := []byte{}
	if err := decode(strict, item, majorBytes, "a byte string", &b); err != nil {
		return nil, err
	}
	return b, nil
}

func decodeText(item []byte) (string, error) {
	var s string
	err := decode(strict, item, majorText, "a text string", &s)
	return s, err
}

func decodeUint(item []byte) (uint64, error) {
	var n uint64
	err := decode(strict, item, majorUint, "an unsigned integer", &n)
	return n, err
}
