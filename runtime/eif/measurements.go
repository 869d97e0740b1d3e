package eif

import (
	"encoding/json"
	"errors"
)

// hashAlgorithm is how nitro-cli names SHA-384 in its output.
const hashAlgorithm = "Sha384 { ... }"

// Measurements are the PCRs that an image has once it runs. PCR8 is nil unless the
// image is signed; the hardware then reports zeros.
type Measurements struct {
	PCR0, PCR1, PCR2 Digest
	PCR8             *Digest
}

type measurementsJSON struct {
	HashAlgorithm string
	PCR0          Digest
	PCR1          Digest
	PCR2          Digest
	PCR8          *Digest `json:",omitempty"`
}

// MarshalJSON gives the object that nitro-cli prints as "Measurements".
func (m Measurements) MarshalJSON() ([]byte, error) {
	return json.Marshal(measurementsJSON{hashAlgorithm, m.PCR0, m.PCR1, m.PCR2, m.PCR8})
}

// UnmarshalJSON reads what MarshalJSON and nitro-cli write. PCR0 to PCR2 must be there.
// The name of the algorithm is not looked at: it is the debug output of a Rust library,
// "Sha512_48 { .. }" in newer ones.
func (m *Measurements) UnmarshalJSON(data []byte) error {
	var in struct{ PCR0, PCR1, PCR2, PCR8 *Digest }
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.PCR0 == nil || in.PCR1 == nil || in.PCR2 == nil {
		return errors.New("measurements must have PCR0, PCR1 and PCR2")
	}
	*m = Measurements{*in.PCR0, *in.PCR1, *in.PCR2, in.PCR8}
	return nil
}
