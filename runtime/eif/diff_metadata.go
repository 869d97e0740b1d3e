package eif

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// metadata compares key by key.
func (d *differ) metadata(a, b *Image) {
	if bytes.Equal(a.metadata, b.metadata) {
		return
	}
	if a.metadata == nil || b.metadata == nil {
		d.text("metadata", "section", presence(a.metadata), presence(b.metadata))
		return
	}
	var x, y any
	before := len(d.found)
	if decode(a.metadata, &x) == nil && decode(b.metadata, &y) == nil {
		d.value("metadata", x, y)
	}
	if len(d.found) == before {
		d.content("metadata", a.parts(SectionMetadata)[0], b.parts(SectionMetadata)[0])
	}
}

// decode reads JSON with its numbers as they are written.
func decode(b []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// value compares two JSON values. Depth is bounded by the decoder's.
func (d *differ) value(where string, a, b any) {
	if d.stopped() {
		return
	}
	if x, ok := a.(map[string]any); ok {
		if y, ok := b.(map[string]any); ok {
			d.objects(where, x, y)
			return
		}
	}
	if x, ok := a.([]any); ok {
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				d.value(fmt.Sprintf("%s[%d]", where, i), x[i], y[i])
			}
			return
		}
	}
	d.text(where, "value", jsonText(a), jsonText(b))
}

func (d *differ) objects(where string, a, b map[string]any) {
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		x, inA := a[key]
		y, inB := b[key]
		name := where + "." + key
		switch {
		case inA && inB:
			d.value(name, x, y)
		case inA:
			d.add(name, "value", jsonText(x), "")
		default:
			d.add(name, "value", "", jsonText(y))
		}
	}
}

func jsonText(v any) string {
	b, err := marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
