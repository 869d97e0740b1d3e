package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Read looks an object up: in a refresh with what the program said of it, in an
// import without.
func (p *provider) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	inputs, err := unmarshal(r.GetInputs())
	if err != nil {
		return nil, err
	}
	known, err := unmarshal(r.GetProperties())
	if err != nil {
		return nil, err
	}
	t, err := p.openID(ctx, r.GetUrn(), r.GetId(), known)
	if err != nil {
		return nil, err
	}
	live, err := t.client.Get(ctx, t.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &pulumirpc.ReadResponse{}, nil // gone
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", t, err)
	}
	return readResponse(t, live, inputs)
}

func readResponse(t *target, live *unstructured.Unstructured, inputs resource.PropertyMap) (*pulumirpc.ReadResponse, error) {
	if len(inputs) == 0 {
		inputs = importedInputs(live)
	} else {
		inputs = seenInputs(live, inputs)
	}
	properties, err := marshal(outputsOf(live, inputs))
	if err != nil {
		return nil, err
	}
	marshalled, err := marshal(inputs)
	return &pulumirpc.ReadResponse{Id: t.id(), Properties: properties, Inputs: marshalled}, err
}

// importedInputs is what a program would have to say to make the object: all but
// what only the apiserver sets.
func importedInputs(live *unstructured.Unstructured) resource.PropertyMap {
	object := live.DeepCopy().Object
	delete(object, "status")
	for _, name := range []string{
		"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "deletionTimestamp",
	} {
		unstructured.RemoveNestedField(object, "metadata", name)
	}
	return hideData(resource.NewPropertyMapFromMap(object))
}
