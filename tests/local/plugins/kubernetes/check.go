package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	autonamedAnnotation = "pulumi.com/autonamed"
	maxNameLength       = 253
)

// Check fills in what the program left out: a name, and a namespace where the
// kind has one.
func (p *provider) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	olds, err := unmarshal(r.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal(r.GetNews())
	if err != nil {
		return nil, err
	}
	urn := resource.URN(r.GetUrn())
	kind, err := kindOf(urn, inputs)
	if err != nil {
		return nil, err
	}
	inputs["apiVersion"] = resource.NewProperty(kind.GroupVersion().String())
	inputs["kind"] = resource.NewProperty(kind.Kind)
	if failure := p.name(inputs, olds, urn, r); failure != nil {
		return &pulumirpc.CheckResponse{Inputs: r.GetNews(), Failures: []*pulumirpc.CheckFailure{failure}}, nil
	}
	if p.hasNamespace(kind) && field(inputs, "metadata", "namespace").IsNull() {
		setField(inputs, resource.NewProperty(p.defaultNamespace()), "metadata", "namespace")
	}
	checked, err := marshal(inputs)
	return &pulumirpc.CheckResponse{Inputs: checked}, err
}

func (p *provider) defaultNamespace() string {
	if p.config.namespace != "" {
		return p.config.namespace
	}
	return "default"
}

// name gives an object without a name the one that it had, or a new one made of
// the resource's name and eight random characters.
func (p *provider) name(
	inputs, olds resource.PropertyMap, urn resource.URN, r *pulumirpc.CheckRequest,
) *pulumirpc.CheckFailure {
	if !field(inputs, "metadata", "name").IsNull() {
		return nil // given, or not known yet
	}
	name := ""
	if autonamed(olds) {
		name = text(field(olds, "metadata", "name"))
	}
	if name == "" {
		var err error
		if name, err = newName(urn, r); err != nil {
			return &pulumirpc.CheckFailure{Property: "metadata.name", Reason: err.Error()}
		}
	}
	setField(inputs, resource.NewProperty(name), "metadata", "name")
	setField(inputs, resource.NewProperty("true"), "metadata", "annotations", autonamedAnnotation)
	return nil
}

func newName(urn resource.URN, r *pulumirpc.CheckRequest) (string, error) {
	switch r.GetAutonaming().GetMode() {
	case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return "", fmt.Errorf("autonaming is disabled, so a name is needed")
	case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, pulumirpc.CheckRequest_AutonamingOptions_PROPOSE:
		if name := r.GetAutonaming().GetProposedName(); name != "" {
			return name, nil
		}
	}
	return resource.NewUniqueName(r.GetRandomSeed(), urn.Name()+"-", 8, maxNameLength, nil)
}

func autonamed(inputs resource.PropertyMap) bool {
	return text(field(inputs, "metadata", "annotations", autonamedAnnotation)) == "true"
}
