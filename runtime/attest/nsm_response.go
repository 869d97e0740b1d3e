package attest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Description is what an NSM says of itself.
type Description struct {
	// ModuleID names the NSM; documents carry it.
	ModuleID string
	// Major, Minor and Patch are the version. A new major version may answer otherwise.
	Major, Minor, Patch int
	// MaxPCRs is the number of registers.
	MaxPCRs int
	// LockedPCRs are the read-only ones, in ascending order.
	LockedPCRs []int
	// Digest is the hash function of the registers, "SHA384".
	Digest string
}

// PCRState is a register.
type PCRState struct {
	Value PCR
	// Locked tells that it is read-only.
	Locked bool
}

// answer is the content of a response. Fields that are not known are passed over: a
// minor version of the NSM may add some.
type answer struct {
	name   string
	fields map[string]cbor.RawMessage
}

// parseResponse returns the content of the answer to a request, nil if it has none.
func parseResponse(name string, response []byte) (cbor.RawMessage, error) {
	if len(response) > 0 && response[0]>>5 == majorText {
		said, err := decodeText(response)
		if err == nil && said != name {
			err = fmt.Errorf("it answers %.40q", said)
		}
		if err != nil {
			return nil, malformed(name, err)
		}
		return nil, nil
	}
	var variants map[string]cbor.RawMessage
	if err := decode(streamed, response, majorMap, "a name or a map with one pair", &variants); err != nil {
		return nil, malformed(name, err)
	}
	if len(variants) != 1 {
		return nil, malformed(name, fmt.Errorf("it has %d pairs and not one", len(variants)))
	}
	if code, refused := variants["Error"]; refused {
		return nil, parseError(name, code)
	}
	content, ok := variants[name]
	if !ok {
		return nil, malformed(name, errors.New("it answers another request"))
	}
	return content, nil
}

func malformed(name string, err error) error {
	return fmt.Errorf("NSM: %s: malformed response: %w", name, err)
}

func newAnswer(name string, content cbor.RawMessage) (answer, error) {
	a := answer{name: name}
	if err := decode(streamed, content, majorMap, "a map of named fields", &a.fields); err != nil {
		return answer{}, malformed(name, err)
	}
	return a, nil
}

// fail names the field that is wrong. It passes nil on.
func (a answer) fail(field string, err error) error {
	if err == nil {
		return nil
	}
	return malformed(a.name, fmt.Errorf("%s %w", field, err))
}

func (a answer) bytes(field string, least, most int) ([]byte, error) {
	b, err := decodeBytes(a.fields[field])
	if err == nil && (len(b) < least || len(b) > most) {
		err = fmt.Errorf("has %d bytes, and must have from %d to %d", len(b), least, most)
	}
	return b, a.fail(field, err)
}

func (a answer) pcr(field string) (PCR, error) {
	b, err := decodeBytes(a.fields[field])
	if err == nil && !PCR(b).sized() {
		err = fmt.Errorf("has %d bytes, and must have 32, 48 or 64", len(b))
	}
	return b, a.fail(field, err)
}

func (a answer) text(field string) (string, error) {
	s, err := decodeText(a.fields[field])
	if err == nil && s == "" {
		err = errors.New("is empty")
	}
	return s, a.fail(field, err)
}

// number reads what the NSM keeps in 16 bits.
func (a answer) number(field string) (int, error) {
	n, err := decodeUint(a.fields[field])
	if err == nil && n >= 1<<16 {
		err = fmt.Errorf("is %d, and must be less than 65536", n)
	}
	if err != nil {
		return 0, a.fail(field, err)
	}
	return int(n), nil
}

func (a answer) pcrState() (PCRState, error) {
	value, err := a.pcr("data")
	if err != nil {
		return PCRState{}, err
	}
	switch lock := a.fields["lock"]; {
	case slices.Equal(lock, []byte{cborFalse}):
		return PCRState{value, false}, nil
	case slices.Equal(lock, []byte{cborTrue}):
		return PCRState{value, true}, nil
	}
	return PCRState{}, a.fail("lock", errors.New("must be true or false"))
}

func (a answer) description() (Description, error) {
	var d Description
	var errs [7]error
	d.ModuleID, errs[0] = a.text("module_id")
	d.Digest, errs[1] = a.text("digest")
	d.Major, errs[2] = a.number("version_major")
	d.Minor, errs[3] = a.number("version_minor")
	d.Patch, errs[4] = a.number("version_patch")
	d.MaxPCRs, errs[5] = a.number("max_pcrs")
	d.LockedPCRs, errs[6] = a.locked()
	if err := errors.Join(errs[:]...); err != nil {
		return Description{}, err
	}
	return d, nil
}

func (a answer) locked() ([]int, error) {
	var numbers []uint16
	if err := decode(streamed, a.fields["locked_pcrs"], majorArray, fmt.Sprintf("an array of at most %d indices", MaxPCRs), &numbers); err != nil {
		return nil, a.fail("locked_pcrs", err)
	}
	indices := make([]int, len(numbers))
	for i, n := range numbers {
		indices[i] = int(n)
	}
	slices.Sort(indices)
	return indices, nil
}
