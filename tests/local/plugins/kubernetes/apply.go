package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Create applies a new object and waits until it works.
func (p *provider) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	inputs, err := unmarshal(r.GetProperties())
	if err != nil {
		return nil, err
	}
	if r.GetPreview() {
		outputs, err := marshal(previewCreate(inputs))
		return &pulumirpc.CreateResponse{Properties: outputs}, err
	}
	t, err := p.open(ctx, r.GetUrn(), inputs)
	if err != nil {
		return nil, err
	}
	if err := t.refuseForeign(ctx); err != nil {
		return nil, err
	}
	outputs, err := p.applyAndAwait(ctx, t, inputs, r.GetTimeout())
	return &pulumirpc.CreateResponse{Id: t.id(), Properties: outputs}, err
}

// Update applies a changed object and waits until the change works. Fields that
// the program no longer sets, the apiserver removes: this manager owned them.
func (p *provider) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	inputs, err := unmarshal(r.GetNews())
	if err != nil {
		return nil, err
	}
	if r.GetPreview() {
		olds, err := unmarshal(r.GetOlds())
		if err != nil {
			return nil, err
		}
		outputs, err := marshal(previewUpdate(inputs, olds))
		return &pulumirpc.UpdateResponse{Properties: outputs}, err
	}
	t, err := p.open(ctx, r.GetUrn(), inputs)
	if err != nil {
		return nil, err
	}
	outputs, err := p.applyAndAwait(ctx, t, inputs, r.GetTimeout())
	return &pulumirpc.UpdateResponse{Properties: outputs}, err
}

// refuseForeign fails when the object exists and this resource did not make it.
// One that it did make is left from a run whose state was lost.
func (t *target) refuseForeign(ctx context.Context) error {
	live, err := t.client.Get(ctx, t.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for %s: %w", t, err)
	}
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == t.manager() {
			return nil
		}
	}
	return fmt.Errorf("resource %s was not successfully created by the Kubernetes API server: %q already exists", t.id(), t.name)
}

// apply sends the object. A field that the kind does not have is an error, not a
// warning that nobody reads.
func (t *target) apply(ctx context.Context, inputs resource.PropertyMap) (*unstructured.Unstructured, error) {
	body := object(inputs)
	body["apiVersion"], body["kind"] = t.kind.GroupVersion().String(), t.kind.Kind
	data, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", t, err)
	}
	force := true
	live, err := t.client.Patch(ctx, t.name, types.ApplyPatchType, data, metav1.PatchOptions{
		FieldManager: t.manager(), Force: &force, FieldValidation: metav1.FieldValidationStrict,
	})
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", t, err)
	}
	return live, nil
}
