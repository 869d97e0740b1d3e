package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// plain takes off the wrappers that say secret or output.
func plain(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}

// unwrap is plain for MapRepl: what it returns as true replaces the value.
func unwrap(v resource.PropertyValue) (any, bool) {
	inner := plain(v)
	switch {
	case inner.IsComputed() || inner.IsOutput():
		return nil, true
	case v.IsSecret() || v.IsOutput():
		return inner.MapRepl(nil, unwrap), true
	default:
		return nil, false
	}
}

// object turns properties into the JSON that the apiserver takes. Unknown values
// become null.
func object(properties resource.PropertyMap) map[string]any {
	return prune(properties.MapRepl(nil, unwrap)).(map[string]any)
}

// prune drops nulls from objects: for server-side apply, a field that is null is
// one that the program sets.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if value == nil {
				delete(v, key)
				continue
			}
			v[key] = prune(value)
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

// field follows a path of names into nested objects.
func field(properties resource.PropertyMap, path ...string) resource.PropertyValue {
	v := resource.NewProperty(properties)
	for _, name := range path {
		v = plain(v)
		if v.IsComputed() || v.IsOutput() {
			return v
		}
		if !v.IsObject() {
			return resource.NewNullProperty()
		}
		v = v.ObjectValue()[resource.PropertyKey(name)]
	}
	return v
}

// setField sets a nested field, and makes the objects on the way. A wrapper that
// says secret stays; below an unknown value nothing is set.
func setField(properties resource.PropertyMap, value resource.PropertyValue, path ...string) {
	key := resource.PropertyKey(path[0])
	if len(path) == 1 {
		properties[key] = value
		return
	}
	child := properties[key]
	inner := plain(child)
	switch {
	case inner.IsComputed() || inner.IsOutput():
		return
	case inner.IsObject():
		nested := inner.ObjectValue().Copy()
		setField(nested, value, path[1:]...)
		properties[key] = rewrap(child, resource.NewProperty(nested))
	default:
		nested := resource.PropertyMap{}
		setField(nested, value, path[1:]...)
		properties[key] = resource.NewProperty(nested)
	}
}

func rewrap(wrapped, value resource.PropertyValue) resource.PropertyValue {
	if wrapped.IsSecret() {
		return resource.MakeSecret(value)
	}
	return value
}
