package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// normal drops what does not count: the order of sets, the spelling of JSON, and secrecy.
func (sp spec) normal(m resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range m {
		if k == defaultsKey {
			continue
		}
		v = bare(v)
		switch {
		case slices.Contains(sp.sets, string(k)) && v.IsArray():
			v = resource.NewProperty(sorted(v.ArrayValue()))
		case slices.Contains(sp.jsons, string(k)) && v.IsString():
			v = resource.NewProperty(canonical(v.StringValue()))
		}
		out[k] = v
	}
	return out
}

// bare is a value without the secrecy of it and its parts.
func bare(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return bare(v.SecretValue().Element)
	case v.IsObject():
		out := resource.PropertyMap{}
		for k, e := range v.ObjectValue() {
			out[k] = bare(e)
		}
		return resource.NewProperty(out)
	case v.IsArray():
		var out []resource.PropertyValue
		for _, e := range v.ArrayValue() {
			out = append(out, bare(e))
		}
		return resource.NewProperty(out)
	}
	return v
}

func sorted(list []resource.PropertyValue) []resource.PropertyValue {
	return slices.SortedFunc(slices.Values(list), func(a, b resource.PropertyValue) int {
		return cmp.Compare(fmt.Sprint(plainValue(a)), fmt.Sprint(plainValue(b)))
	})
}

func canonical(s string) string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	b, _ := json.Marshal(v) // what was decoded can be encoded
	return string(b)
}
