package attest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// maxTimestamp is the end of the year 9999, in milliseconds: later ones have no RFC 3339
// form.
const maxTimestamp = 253402300799999

// reader takes the fields of a payload out of it one by one.
type reader struct {
	fields     map[string]cbor.RawMessage
	violations *Violations
}

// parsePayload reads all fields, whatever is wrong with some of them, and returns nil
// where there is no map of fields.
func parsePayload(payload []byte, l *Violations) *Document {
	if len(payload) > MaxPayload {
		l.add("payload", fmt.Sprintf("%d bytes", len(payload)), fmt.Sprintf("must have at most %d bytes", MaxPayload), "")
		return nil
	}
	r := reader{violations: l}
	if err := decode(streamed, payload, majorMap, "a map of named fields", &r.fields); err != nil {
		l.join("payload", err)
		return nil
	}
	d := &Document{
		ModuleID: r.moduleID(), Timestamp: r.timestamp(), Digest: r.digest(), PCRs: r.pcrs(),
		Certificate: r.certificate(), CABundle: r.caBundle(),
		PublicKey: r.optional("public_key", 1, MaxPublicKey),
		UserData:  r.optional("user_data", 0, MaxUserData),
		Nonce:     r.optional("nonce", 0, MaxNonce),
	}
	for _, name := range slices.Sorted(maps.Keys(r.fields)) {
		l.add("payload", fmt.Sprintf("%.40q", name), "is no field of an attestation document", "")
	}
	return d
}

// take removes a required field. It returns nil, and reports, if there is none.
func (r reader) take(name string) cbor.RawMessage {
	item, ok := r.fields[name]
	delete(r.fields, name)
	switch {
	case !ok:
		r.violations.add(name, "", "is missing", "")
		return nil
	case item[0] == null:
		r.violations.add(name, "null", "must not be null", "")
		return nil
	}
	return item
}

// optional reads a byte string that may be missing or null: AWS's rules want the former,
// its hardware writes the latter.
func (r reader) optional(name string, least, most int) []byte {
	item, ok := r.fields[name]
	delete(r.fields, name)
	if !ok || len(item) == 1 && item[0] == null {
		return nil
	}
	b, err := decodeSized(item, least, most)
	r.violations.join(name, err)
	return b
}

func decodeSized(item []byte, least, most int) ([]byte, error) {
	b, err := decodeBytes(item)
	if err == nil && (len(b) < least || len(b) > most) {
		err = Violation{Value: fmt.Sprintf("%d bytes", len(b)), Rule: fmt.Sprintf("must have from %d to %d bytes", least, most)}
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (r reader) moduleID() string {
	item := r.take("module_id")
	if item == nil {
		return ""
	}
	id, err := decodeText(item)
	if err == nil && id == "" {
		err = errors.New("must not be empty")
	}
	r.violations.join("module_id", err)
	return id
}

func (r reader) digest() string {
	item := r.take("digest")
	if item == nil {
		return ""
	}
	digest, err := decodeText(item)
	if err == nil && digest != "SHA384" {
		err = Violation{Value: fmt.Sprintf("%.40q", digest), Rule: `must be "SHA384"`}
	}
	r.violations.join("digest", err)
	return digest
}

func (r reader) timestamp() time.Time {
	item := r.take("timestamp")
	if item == nil {
		return time.Time{}
	}
	ms, err := decodeUint(item)
	if err == nil && (ms == 0 || ms > maxTimestamp) {
		err = Violation{Value: strconv.FormatUint(ms, 10), Rule: "must be milliseconds since 1970, more than 0 and before the year 10000"}
	}
	if err != nil {
		r.violations.join("timestamp", err)
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
