package attest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

// TestVerifyRefusesPayload breaks one rule at a time in documents that are well signed,
// and wants that rule and no other.
func TestVerifyRefusesPayload(t *testing.T) {
	i := issuer(t)
	raw := func(b ...byte) cbor.RawMessage { return b }
	pcr := func(index, value any) map[any]any {
		return map[any]any{0: attesttest.PCR(0), 1: attesttest.PCR(1), 2: attesttest.PCR(2), index: value}
	}
	const bytesWanted = "must be a byte string"
	for _, tt := range []struct {
		name, field string
		value       any
		want        []string
	}{
		{"no text", "module_id", 1, []string{"module_id: must be a text string"}},
		{"bytes", "module_id", []byte("i-1"), []string{"module_id: must be a text string"}},
		{"empty", "module_id", "", []string{"module_id: must not be empty"}},
		{"null", "module_id", nil, []string{"module_id: must not be null"}},
		{"not UTF-8", "module_id", raw(0x61, 0xff), []string{"module_id: must be a text string: cbor: invalid UTF-8"}},
		{"another", "digest", "SHA256", []string{`digest: must be "SHA384"`}},
		{"lower case", "digest", "sha384", []string{`digest: must be "SHA384"`}},
		{"null", "digest", nil, []string{"digest: must not be null"}},
		{"zero", "timestamp", 0, []string{"timestamp: must be milliseconds since 1970"}},
		{"negative", "timestamp", -1, []string{"timestamp: must be an unsigned integer"}},
		{"text", "timestamp", "2026", []string{"timestamp: must be an unsigned integer"}},
		{"float", "timestamp", 1.5, []string{"timestamp: must be an unsigned integer"}},
		{"tagged", "timestamp", cbor.Tag{Number: 1, Content: 1}, []string{"payload: must be a map of named fields: cbor: CBOR tag isn't allowed"}},
		{"huge", "timestamp", uint64(1) << 63, []string{"timestamp: must be milliseconds since 1970"}},
		{"null", "timestamp", nil, []string{"timestamp: must not be null"}},
		{"null", "pcrs", nil, []string{"pcrs: must not be null"}},
		{"empty", "pcrs", map[int]int{}, []string{"pcrs: must not be empty", "pcrs[0]: is missing", "pcrs[1]: is missing", "pcrs[2]: is missing"}},
		{"array", "pcrs", [][]byte{attesttest.PCR(0)}, []string{"pcrs: must be a map"}},
		{"named", "pcrs", map[string][]byte{"PCR0": attesttest.PCR(0)}, []string{"pcrs: must be a map"}},
		{"negative", "pcrs", pcr(-1, attesttest.PCR(3)), []string{"pcrs: must be a map"}},
		{"index 32", "pcrs", pcr(32, attesttest.PCR(3)), []string{"pcrs: an index must be less than 32"}},
		{"33 of them", "pcrs", many(33), []string{"payload: must be a map of named fields: cbor: exceeded max number of key-value pairs"}},
		{"short", "pcrs", pcr(5, make([]byte, 47)), []string{"pcrs[5]: must have 32, 48 or 64 bytes"}},
		{"empty value", "pcrs", pcr(5, []byte{}), []string{"pcrs[5]: must have 32, 48 or 64 bytes"}},
		{"long", "pcrs", pcr(5, make([]byte, 65)), []string{"pcrs[5]: must have 32, 48 or 64 bytes"}},
		{"null value", "pcrs", pcr(5, nil), []string{"pcrs[5]: " + bytesWanted}},
		{"value of numbers", "pcrs", pcr(5, make([]int, 32)), []string{"pcrs[5]: " + bytesWanted}},
		{"duplicate", "pcrs", duplicatePCR(t), []string{"pcrs: must be a map of at most 32 PCRs by their index: cbor: found duplicate map key"}},
		{"null", "certificate", nil, []string{"certificate: must not be null"}},
		{"empty", "certificate", []byte{}, []string{"certificate: must have from 1 to 1024 bytes"}},
		{"oversized", "certificate", make([]byte, 1025), []string{"certificate: must have from 1 to 1024 bytes"}},
		{"garbage", "certificate", []byte("garbage"), []string{"certificate: is no certificate"}},
		{"trailing byte", "certificate", append(bytes.Clone(i.Certificate(attesttest.Leaf).Raw), 0), []string{"certificate: is no certificate"}},
		{"PEM", "certificate", "-----BEGIN", []string{"certificate: " + bytesWanted}},
		{"null", "cabundle", nil, []string{"cabundle: must not be null"}},
		{"empty", "cabundle", []any{}, []string{"cabundle: must have from 1 to 16 certificates"}},
		{"bytes", "cabundle", i.Root().Raw, []string{"cabundle: must be an array"}},
		{"17 of them", "cabundle", make([][]byte, 17), []string{"cabundle: must have from 1 to 16 certificates"}},
		{"null entry", "cabundle", []any{i.Root().Raw, nil}, []string{"cabundle[1]: " + bytesWanted}},
		{"oversized entry", "cabundle", []any{make([]byte, 1025)}, []string{"cabundle[0]: must have from 1 to 1024 bytes"}},
		{"garbage", "cabundle", []any{[]byte("garbage")}, []string{"cabundle[0]: is no certificate"}},
		{"empty", "public_key", []byte{}, []string{"public_key: must have from 1 to 1024 bytes"}},
		{"oversized", "public_key", make([]byte, 1025), []string{"public_key: must have from 1 to 1024 bytes"}},
		{"text", "public_key", "key", []string{"public_key: " + bytesWanted}},
		{"oversized", "user_data", make([]byte, 513), []string{"user_data: must have from 0 to 512 bytes"}},
		{"numbers", "user_data", []int{1}, []string{"user_data: " + bytesWanted}},
		{"undefined", "user_data", raw(0xf7), []string{"user_data: " + bytesWanted}},
		{"oversized", "nonce", make([]byte, 513), []string{"nonce: must have from 0 to 512 bytes"}},
		{"false", "nonce", false, []string{"nonce: " + bytesWanted}},
		{"added", "debug", true, []string{"payload: is no field of an attestation document"}},
		{"other case", "Nonce", []byte("n"), []string{"payload: is no field of an attestation document"}},
		{"oversized", "user_data", make([]byte, MaxPayload), []string{"document: must have at most 16640 bytes"}},
		{"deep", "nonce", [][][][]int{{{{1}}}}, []string{"payload: must be a map of named fields: cbor: exceeded max nested level"}},
	} {
		t.Run(tt.field+"/"+tt.name, func(t *testing.T) {
			_, err := Verify(sign(t, i, i.Payload().With(tt.field, tt.value)), pinned(i))
			expect(t, err, tt.want...)
		})
	}
}

func many(n int) map[int][]byte {
	pcrs := map[int][]byte{}
	for index := range n {
		pcrs[index] = attesttest.PCR(index)
	}
	return pcrs
}

// duplicatePCR has PCR0 twice, the second time in an encoding of its own.
func duplicatePCR(t *testing.T) cbor.RawMessage {
	one := must[[]byte](t)(cbor.Marshal(map[int][]byte{0: attesttest.PCR(0)}))
	other := append([]byte{0x18, 0x00}, one[2:]...)
	return append(append([]byte{0xa2}, one[1:]...), other...)
}

func TestMissingFields(t *testing.T) {
	i := issuer(t)
	for _, field := range []string{"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"} {
		_, err := Verify(sign(t, i, i.Payload().Without(field)), pinned(i))
		expect(t, err, field+": is missing")
	}
	for _, field := range []string{"public_key", "user_data", "nonce"} {
		if _, err := Verify(sign(t, i, i.Payload().Without(field)), pinned(i)); err != nil {
			t.Errorf("%s is optional: %v", field, err)
		}
	}
}

// TestMalformedPayload has what no map of fields in Go can hold.
func TestMalformedPayload(t *testing.T) {
	i := issuer(t)
	payload := must[[]byte](t)(i.Payload().Encode())
	second := slices.Concat([]byte{payload[0] + 1}, payload[1:])
	// The encoder refuses indefinite lengths too.
	inPlace := func(field string, item ...byte) []byte {
		encoded := must[[]byte](t)(i.Payload().With(field, []byte("here")).Encode())
		return bytes.Replace(encoded, []byte("\x44here"), item, 1)
	}
	for name, tt := range map[string]struct {
		payload []byte
		want    string
	}{
		"duplicate key":     {slices.Concat(second, []byte("\x65nonce\x41x")), "payload: must be a map of named fields: cbor: found duplicate map key"},
		"number as key":     {slices.Concat(second, []byte{1, 1}), "payload: must be a map of named fields: cbor: cannot unmarshal"},
		"trailing byte":     {append(bytes.Clone(payload), 0), "payload: must be a map of named fields: cbor: 1 bytes of extraneous data"},
		"no end":            {append([]byte{0xbf}, payload[1:]...), "payload: must be a map of named fields: unexpected EOF"},
		"array":             {[]byte{0x80}, "payload: must be a map of named fields"},
		"null":              {[]byte{null}, "payload: must be a map of named fields"},
		"claims many pairs": {[]byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "payload: must be a map of named fields: cbor:"},
		"text in pieces":    {inPlace("module_id", 0x7f, 0x61, 'i', 0xff), "module_id: must be a text string: cbor: indefinite-length"},
		"bytes in pieces":   {inPlace("nonce", 0x5f, 0x41, 'n', 0xff), "nonce: must be a byte string: cbor: indefinite-length"},
		"PCRs with an end":  {inPlace("pcrs", 0xbf, 0xff), "pcrs: must be a map of at most 32 PCRs by their index: cbor: indefinite-length"},
		"bundle with end":   {inPlace("cabundle", 0x9f, 0xff), "cabundle: must be an array of certificates: cbor: indefinite-length"},
		"too long":          {make([]byte, MaxPayload+1), "payload: must have at most 16384 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(must[[]byte](t)(i.Sign(tt.payload)), pinned(i))
			expect(t, err, tt.want)
		})
	}
}
