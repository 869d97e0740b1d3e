package attest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/fxamacker/cbor/v2"
)

func (r reader) pcrs() map[int]PCR {
	item := r.take("pcrs")
	if item == nil {
		return nil
	}
	var items map[uint64]cbor.RawMessage
	if err := decode(strict, item, majorMap, fmt.Sprintf("a map of at most %d PCRs by their index", MaxPCRs), &items); err != nil {
		r.violations.join("pcrs", err)
		return nil
	}
	if len(items) == 0 {
		r.violations.add("pcrs", "", "must not be empty", "")
	}
	pcrs := make(map[int]PCR, len(items))
	for _, index := range slices.Sorted(maps.Keys(items)) {
		if index >= MaxPCRs {
			r.violations.add("pcrs", strconv.FormatUint(index, 10), fmt.Sprintf("an index must be less than %d", MaxPCRs), "")
			continue
		}
		value, err := decodeBytes(items[index])
		if err == nil && !PCR(value).sized() {
			err = Violation{Value: fmt.Sprintf("%d bytes", len(value)), Rule: "must have 32, 48 or 64 bytes"}
		}
		if err != nil {
			r.violations.join(pcrField(int(index)), err)
			continue
		}
		pcrs[int(index)] = value
	}
	return pcrs
}

func (r reader) certificate() []byte {
	item := r.take("certificate")
	if item == nil {
		return nil
	}
	der, err := decodeSized(item, 1, MaxCertificate)
	r.violations.join("certificate", err)
	return der
}

// caBundle returns nil unless all of the bundle could be read: the place in it matters.
func (r reader) caBundle() [][]byte {
	item := r.take("cabundle")
	if item == nil {
		return nil
	}
	var items []cbor.RawMessage
	if err := decode(strict, item, majorArray, "an array of certificates", &items); err != nil {
		r.violations.join("cabundle", err)
		return nil
	}
	if n := len(items); n < 1 || n > maxCABundle {
		r.violations.add("cabundle", fmt.Sprintf("%d certificates", n), fmt.Sprintf("must have from 1 to %d certificates", maxCABundle), "")
		return nil
	}
	before := len(*r.violations)
	bundle := make([][]byte, len(items))
	for i, item := range items {
		var err error
		bundle[i], err = decodeSized(item, 1, MaxCertificate)
		r.violations.join(bundleField(i), err)
	}
	if len(*r.violations) > before {
		return nil
	}
	return bundle
}

func bundleField(i int) string { return fmt.Sprintf("cabundle[%d]", i) }
