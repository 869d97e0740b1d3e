package main

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// shadow turns what AWS fills in into properties, and makes those secret that
// repeat a secret input, as an ARN repeats a name.
func shadow(inputs resource.PropertyMap, computed props) resource.PropertyMap {
	hidden := hiddenStrings(resource.NewProperty(inputs), false)
	out := resource.NewPropertyMapFromMap(computed)
	for k, v := range out {
		if repeats(plainValue(v), hidden) {
			out[k] = resource.MakeSecret(v)
		}
	}
	return out
}

// hiddenStrings are the strings in secrets.
func hiddenStrings(v resource.PropertyValue, secret bool) []string {
	var out []string
	switch {
	case v.IsSecret():
		return hiddenStrings(v.SecretValue().Element, true)
	case v.IsString() && secret && v.StringValue() != "":
		return []string{v.StringValue()}
	case v.IsArray():
		for _, e := range v.ArrayValue() {
			out = append(out, hiddenStrings(e, secret)...)
		}
	case v.IsObject():
		for _, e := range v.ObjectValue() {
			out = append(out, hiddenStrings(e, secret)...)
		}
	}
	return out
}

func repeats(v any, hidden []string) bool {
	switch v := v.(type) {
	case string:
		for _, h := range hidden {
			if strings.Contains(v, h) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if repeats(e, hidden) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if repeats(e, hidden) {
				return true
			}
		}
	}
	return false
}
