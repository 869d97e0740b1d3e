package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// Update changes a resource in place, or in a preview says what would be known after.
func (s *server) Update(_ context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	typ, sp, err := s.lookup(r.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(r.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the old outputs: %w", err)
	}
	oldInputs, err := unmarshal(r.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs: %w", err)
	}
	inputs, err := unmarshal(r.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the new inputs: %w", err)
	}
	changed := sp.changed(oldInputs, inputs)
	var outputs resource.PropertyMap
	if r.GetPreview() {
		outputs = sp.previewUpdate(olds, inputs, changed)
	} else {
		err = s.store.Update(func(st *awsstate.State) (err error) {
			outputs, err = sp.change(s.account(st), typ, r.GetId(), olds, inputs, changed)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("updating %s %q: %w", typ, r.GetId(), err)
	}
	properties, err := marshal(outputs)
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

func (sp spec) previewUpdate(olds, inputs resource.PropertyMap, changed []string) resource.PropertyMap {
	out := echo(inputs)
	if sp.volatile != nil {
		fill(out, unknowns(sp.volatile(plain(inputs), changed)))
	}
	sp.carry(out, olds)
	return out
}

func (sp spec) change(a *account, typ, id string, olds, inputs resource.PropertyMap, changed []string) (resource.PropertyMap, error) {
	r, ok := a.Get(typ, id)
	if !ok {
		return nil, fmt.Errorf("ResourceNotFoundException: %s has gone from the account; run pulumi refresh", id)
	}
	in := plain(inputs)
	if sp.verify != nil {
		if err := sp.verify(a, in); err != nil {
			return nil, err
		}
	}
	out := echo(inputs)
	if sp.update != nil {
		computed, err := sp.update(a, r, in, changed)
		if err != nil {
			return nil, err
		}
		fill(out, shadow(inputs, computed))
	}
	sp.carry(out, olds)
	sp.keep(a, r, inputs, out)
	return out, nil
}

// carry takes over what AWS filled in before and an update does not touch.
func (sp spec) carry(out, olds resource.PropertyMap) {
	fill(out, pick(olds, sp.filledIn(out)))
}
