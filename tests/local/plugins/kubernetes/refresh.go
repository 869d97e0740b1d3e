package main

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/api/equality"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// seenInputs are the inputs with what the cluster has in place of what the
// program said, so that drift is seen and mended by the next update. Fields that
// the program did not set are not looked at.
func seenInputs(live *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	object := live.DeepCopy().Object
	if data, ok := inputs["stringData"]; ok {
		object["stringData"] = decodeData(object["data"], plain(data))
	}
	return seen(resource.NewProperty(inputs), object).ObjectValue()
}

// seen takes from live what input has, in input's shape.
func seen(input resource.PropertyValue, live any) resource.PropertyValue {
	if input.IsSecret() {
		return resource.MakeSecret(seen(input.SecretValue().Element, live))
	}
	switch live := live.(type) {
	case map[string]any:
		if input.IsObject() {
			return seenObject(input.ObjectValue(), live)
		}
	case []any:
		if input.IsArray() && len(input.ArrayValue()) == len(live) {
			items := make([]resource.PropertyValue, len(live))
			for i, item := range input.ArrayValue() {
				items[i] = seen(item, live[i])
			}
			return resource.NewProperty(items)
		}
	default:
		if same(input, live) {
			return input
		}
	}
	return resource.NewPropertyValue(live)
}

func seenObject(input resource.PropertyMap, live map[string]any) resource.PropertyValue {
	result := resource.PropertyMap{}
	for key, value := range input {
		if at, ok := live[string(key)]; ok {
			result[key] = seen(value, at)
		} else if empty(value) {
			result[key] = value // the apiserver drops what is empty
		}
	}
	return resource.NewProperty(result)
}

// same compares scalars. The apiserver rewrites quantities: 1000m becomes 1.
func same(input resource.PropertyValue, live any) bool {
	if number, ok := live.(int64); ok && input.IsNumber() {
		return input.NumberValue() == float64(number)
	}
	written, read := fmt.Sprint(input.V), fmt.Sprint(live)
	if written == read {
		return true
	}
	a, errA := quantity.ParseQuantity(written)
	b, errB := quantity.ParseQuantity(read)
	return errA == nil && errB == nil && equality.Semantic.DeepEqual(a, b)
}

func empty(v resource.PropertyValue) bool {
	v = plain(v)
	return v.IsNull() || v.IsObject() && len(v.ObjectValue()) == 0 || v.IsArray() && len(v.ArrayValue()) == 0 ||
		v.IsString() && v.StringValue() == "" || v.IsBool() && !v.BoolValue() || v.IsNumber() && v.NumberValue() == 0
}

// decodeData gives a Secret's data as the text that stringData was.
func decodeData(data any, like resource.PropertyValue) map[string]any {
	decoded := map[string]any{}
	encoded, _ := data.(map[string]any)
	if !like.IsObject() {
		return decoded
	}
	for key := range like.ObjectValue() {
		value, _ := encoded[string(key)].(string)
		if bytes, err := base64.StdEncoding.DecodeString(value); err == nil && value != "" {
			decoded[string(key)] = string(bytes)
		}
	}
	return decoded
}
