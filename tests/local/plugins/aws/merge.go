package main

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// fill adds the values of src that dst does not have, also inside of objects.
// dst's own values, and their secrecy, stay.
func fill(dst, src resource.PropertyMap) {
	for k, v := range src {
		have, ok := dst[k]
		if !ok || have.IsNull() {
			dst[k] = v
			continue
		}
		dst[k] = fillValue(have, v)
	}
}

func fillValue(have, v resource.PropertyValue) resource.PropertyValue {
	switch {
	case have.IsSecret():
		return resource.MakeSecret(fillValue(have.SecretValue().Element, v))
	case v.IsSecret():
		return fillValue(have, v.SecretValue().Element)
	case have.IsObject() && v.IsObject():
		merged := have.ObjectValue().Copy()
		fill(merged, v.ObjectValue())
		return resource.NewProperty(merged)
	}
	return have
}

// pick takes the values at paths out of m; what is not there is left out.
func pick(m resource.PropertyMap, paths []string) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, path := range paths {
		if v, ok := at(m, path); ok {
			fill(out, nest(path, v))
		}
	}
	return out
}

// unknowns is an object whose values at paths are unknown.
func unknowns(paths []string) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, path := range paths {
		fill(out, nest(path, resource.MakeComputed(resource.NewProperty(""))))
	}
	return out
}

func at(m resource.PropertyMap, path string) (resource.PropertyValue, bool) {
	key, rest, deeper := strings.Cut(path, ".")
	v, ok := m[resource.PropertyKey(key)]
	if !ok || !deeper {
		return v, ok
	}
	if v.IsSecret() {
		v = v.SecretValue().Element
	}
	if !v.IsObject() {
		return resource.PropertyValue{}, false
	}
	return at(v.ObjectValue(), rest)
}

func nest(path string, v resource.PropertyValue) resource.PropertyMap {
	key, rest, deeper := strings.Cut(path, ".")
	if deeper {
		v = resource.NewProperty(nest(rest, v))
	}
	return resource.PropertyMap{resource.PropertyKey(key): v}
}
