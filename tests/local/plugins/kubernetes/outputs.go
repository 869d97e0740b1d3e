package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// outputsOf is what the program sees of a live object. What was secret in the
// inputs is secret here, and a Secret's data always.
func outputsOf(live *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	copied := live.DeepCopy()
	copied.SetManagedFields(nil)
	outputs := resource.NewPropertyMapFromMap(copied.Object)
	outputs = hide(resource.NewProperty(outputs), resource.NewProperty(inputs)).ObjectValue()
	return hideData(outputs)
}

// hide marks as secret what is secret at the same place of another value.
func hide(value, like resource.PropertyValue) resource.PropertyValue {
	switch {
	case like.IsSecret() && !value.IsSecret():
		return resource.MakeSecret(value)
	case value.IsObject() && like.IsObject():
		hidden := value.ObjectValue().Copy()
		for key, inner := range like.ObjectValue() {
			if at, ok := hidden[key]; ok {
				hidden[key] = hide(at, inner)
			}
		}
		return resource.NewProperty(hidden)
	case value.IsArray() && like.IsArray():
		hidden := append([]resource.PropertyValue{}, value.ArrayValue()...)
		for i, inner := range like.ArrayValue() {
			if i < len(hidden) {
				hidden[i] = hide(hidden[i], inner)
			}
		}
		return resource.NewProperty(hidden)
	default:
		return value
	}
}

// hideData makes the content of a Secret secret.
func hideData(properties resource.PropertyMap) resource.PropertyMap {
	if text(properties["kind"]) != "Secret" {
		return properties
	}
	hidden := properties.Copy()
	for _, key := range []resource.PropertyKey{"data", "stringData"} {
		if value, ok := hidden[key]; ok && !value.IsSecret() && !value.IsComputed() {
			hidden[key] = resource.MakeSecret(value)
		}
	}
	return hidden
}
