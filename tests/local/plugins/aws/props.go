package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// props are properties without the wrapping of secrets: maps, slices, strings,
// bools, float64s, and unknown where a preview does not know the value yet.
type props map[string]any

type unknown struct{}

// plain drops the secrecy of properties, for code that only looks at them.
func plain(m resource.PropertyMap) props {
	out := props{}
	for k, v := range m {
		out[string(k)] = plainValue(v)
	}
	return out
}

func plainValue(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plainValue(v.SecretValue().Element)
	case v.IsComputed(), v.IsOutput():
		return unknown{}
	case v.IsObject():
		return map[string]any(plain(v.ObjectValue()))
	case v.IsArray():
		out := []any{}
		for _, e := range v.ArrayValue() {
			out = append(out, plainValue(e))
		}
		return out
	default:
		return v.V
	}
}

// get walks a dotted path. An unknown on the way makes the answer unknown.
func (p props) get(path string) any {
	var v any = map[string]any(p)
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case unknown:
			return at
		default:
			return nil
		}
	}
	return v
}

// has tells whether a path is set, to a known or an unknown value.
func (p props) has(path string) bool {
	v := p.get(path)
	return v != nil && v != ""
}

// str is a known string, or "".
func (p props) str(path string) string {
	s, _ := p.get(path).(string)
	return s
}

// num is a known number. AWS's provider takes "3" for 3.
func (p props) num(path string) (n float64, ok bool) {
	switch v := p.get(path).(type) {
	case float64:
		return v, true
	case string:
		_, err := fmt.Sscan(v, &n)
		return n, err == nil
	}
	return 0, false
}

// flag is a known, true bool.
func (p props) flag(path string) bool {
	b, _ := p.get(path).(bool)
	return b || p.str(path) == "true"
}

// list is a known list, or nil.
func (p props) list(path string) []any {
	l, _ := p.get(path).([]any)
	return l
}

// strs are the known strings of a list.
func (p props) strs(path string) []string {
	var out []string
	for _, v := range p.list(path) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// objs are the known objects of a list.
func (p props) objs(path string) []props {
	var out []props
	for _, v := range p.list(path) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
