package eif

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMeasurementsJSON(t *testing.T) {
	m := Measurements{PCR0: Digest{1}, PCR1: Digest{2}, PCR2: Digest{3}}
	zeros := strings.Repeat("00", 47)
	for _, signed := range []bool{false, true} {
		want := `{"HashAlgorithm":"Sha384 { ... }","PCR0":"01` + zeros + `","PCR1":"02` + zeros + `","PCR2":"03` + zeros + `"`
		if signed {
			m.PCR8 = &Digest{8}
			want += `,"PCR8":"08` + zeros + `"`
		}
		got, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want+"}", string(got)); diff != "" {
			t.Error(diff)
		}
		var back Measurements
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, back); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMeasurementsJSONRefuses(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:            "must have PCR0, PCR1 and PCR2",
		`{"PCR0":"00"}`: "a SHA-384 has 96 hexadecimal digits, not 2",
		`{"PCR0":1}`:    "cannot unmarshal number",
		`{"PCR1":"` + strings.Repeat("xy", 48) + `"}`: "hexadecimal digits",
	} {
		var m Measurements
		if err := json.Unmarshal([]byte(in), &m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", in, err, want)
		}
	}
	if _, err := ParseDigest(Digest{9}.String()); err != nil {
		t.Error(err)
	}
}
