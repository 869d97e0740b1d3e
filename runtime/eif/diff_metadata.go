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
		d.value("metadata", x, y, maxDepth)
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

// maxDepth is how deep keys are told apart. Below, values are compared as a whole: each
// level holds the name of the place.
const maxDepth = 16

// value compares two JSON values.
func (d *differ) value(where string, a, b any, depth int) {
	if d.stopped() {
		return
	}
	if x, y, ok := both[map[string]any](a, b); ok && depth > 0 {
		d.objects(where, x, y, depth-1)
		return
	}
	if x, y, ok := both[[]any](a, b); ok && depth > 0 && len(x) == len(y) {
		for i := range x {
			d.value(fmt.Sprintf("%s[%d]", where, i), x[i], y[i], depth-1)
		}
		return
	}
	d.text(where, "value", jsonText(a), jsonText(b))
}

// both tells whether two values are of the same kind.
func both[T any](a, b any) (x, y T, ok bool) {
	x, okA := a.(T)
	y, okB := b.(T)
	return x, y, okA && okB
}

func (d *differ) objects(where string, a, b map[string]any, depth int) {
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		x, inA := a[key]
		y, inB := b[key]
		name := where + "." + short(key)
		switch {
		case inA && inB:
			d.value(name, x, y, depth)
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
