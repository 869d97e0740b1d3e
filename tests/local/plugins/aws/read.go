package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// Read is a refresh: the outputs are the account's, and so are the inputs that
// the program had set. A resource that has gone is answered with no id. A read
// without a state (an import, a Get) returns all inputs.
func (s *server) Read(_ context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	typ, _, err := s.lookup(r.GetUrn())
	if err != nil {
		return nil, err
	}
	state, err := s.store.Load()
	if err != nil {
		return nil, err
	}
	res, ok := state.Get(typ, r.GetId())
	if !ok {
		return &pulumirpc.ReadResponse{}, nil
	}
	oldInputs, err := unmarshal(r.GetInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs: %w", err)
	}
	oldOutputs, err := unmarshal(r.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the old outputs: %w", err)
	}
	actual := resource.NewPropertyMapFromMap(res.Outputs)
	inputs := resource.NewPropertyMapFromMap(res.Inputs)
	if len(oldInputs) > 0 {
		inputs = project(oldInputs, actual)
	}
	return readResponse(r.GetId(), inputs, veil(oldOutputs, actual))
}

func readResponse(id string, inputs, outputs resource.PropertyMap) (*pulumirpc.ReadResponse, error) {
	in, err := marshal(inputs)
	if err != nil {
		return nil, fmt.Errorf("encoding the inputs: %w", err)
	}
	out, err := marshal(outputs)
	return &pulumirpc.ReadResponse{Id: id, Inputs: in, Properties: out}, err
}

// project is old with the values of actual: what the program set, as it is now.
func project(old, actual resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, was := range old {
		is, ok := actual[k]
		switch {
		case k == defaultsKey:
			out[k] = was
		case ok:
			out[k] = veiled(was, is, project)
		}
	}
	return out
}

// veil is actual, as secret as old is, and with old's values where the account does not show them.
func veil(old, actual resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, is := range actual {
		out[k] = veiled(old[k], is, veil)
	}
	return out
}

func veiled(was, is resource.PropertyValue, object func(was, is resource.PropertyMap) resource.PropertyMap) resource.PropertyValue {
	switch {
	case is.IsString() && is.StringValue() == awsstate.Redacted:
		return was
	case was.IsSecret():
		return resource.MakeSecret(veiled(was.SecretValue().Element, is, object))
	case was.IsObject() && is.IsObject():
		return resource.NewProperty(object(was.ObjectValue(), is.ObjectValue()))
	case was.IsArray() && is.IsArray() && len(was.ArrayValue()) == len(is.ArrayValue()):
		var out []resource.PropertyValue
		for i, e := range is.ArrayValue() {
			out = append(out, veiled(was.ArrayValue()[i], e, object))
		}
		return resource.NewProperty(out)
	case was.ContainsSecrets():
		return resource.MakeSecret(is)
	}
	return is
}
