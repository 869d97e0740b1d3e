package karpenter

import (
	"errors"
	"testing"
)

// definition is the spec of a CustomResourceDefinition with these properties.
func definition(version string, properties map[string]any) map[string]any {
	spec := map[string]any{"properties": properties}
	schema := map[string]any{"openAPIV3Schema": map[string]any{"properties": map[string]any{"spec": spec}}}
	return map[string]any{"versions": []any{map[string]any{"name": version, "schema": schema}}}
}

func TestCheckDefinition(t *testing.T) {
	for name, tc := range map[string]struct {
		spec map[string]any
		want error
	}{
		"1.15":        {definition("v1", map[string]any{"enclaveOptions": map[string]any{"type": "object"}}), nil},
		"1.14":        {definition("v1", map[string]any{"role": map[string]any{"type": "string"}}), ErrTooOld},
		"0.37":        {definition("v1beta1", map[string]any{"enclaveOptions": map[string]any{}}), ErrTooOld},
		"no version":  {map[string]any{"versions": []any{}}, ErrTooOld},
		"odd":         {map[string]any{"versions": []any{"v1", nil, map[string]any{"name": "v1", "schema": 7}}}, ErrTooOld},
		"not read":    {map[string]any{}, nil},
		"not read, 2": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CheckDefinition(tc.spec); !errors.Is(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestCheckKept(t *testing.T) {
	if err := CheckKept(map[string]any{"enclaveOptions": map[string]any{"enabled": true}}); err != nil {
		t.Error(err)
	}
	for _, dropped := range []map[string]any{nil, {}, {"enclaveOptions": nil}, {"enclaveOptions": map[string]any{"enabled": false}}} {
		if err := CheckKept(dropped); !errors.Is(err, ErrTooOld) {
			t.Errorf("%v: %v", dropped, err)
		}
	}
}

func TestOverlayCapacity(t *testing.T) {
	got := OverlayCapacity(map[string]string{"cpu": "1", "memory": "1Gi", "hugepages-1Gi": "3Gi", "aws.ec2.nitro/nitro_enclaves": "3"})
	if len(got) != 2 || got["hugepages-1Gi"] != "3Gi" || got["aws.ec2.nitro/nitro_enclaves"] != "3" {
		t.Errorf("got %v", got)
	}
}
