package main

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// Create makes a resource, or in a preview says what would be known of it.
func (s *server) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	typ, sp, err := s.lookup(r.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal(r.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs: %w", err)
	}
	if r.GetPreview() {
		properties, err := marshal(sp.preview(inputs))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	var res awsstate.Resource
	var outputs resource.PropertyMap
	err = s.store.Update(func(st *awsstate.State) (err error) {
		res, outputs, err = sp.make(s.account(st), awsstate.Resource{URN: r.GetUrn(), Type: typ}, inputs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", typ, err)
	}
	properties, err := marshal(outputs)
	return &pulumirpc.CreateResponse{Id: res.ID, Properties: properties}, err
}

// preview is what a preview knows: the inputs, and of the rest that it is unknown.
func (sp spec) preview(inputs resource.PropertyMap) resource.PropertyMap {
	out := echo(inputs)
	fill(out, unknowns(sp.filledIn(out)))
	return out
}

// filledIn are the paths that AWS fills in, given the inputs: a part of an object
// only where the object is given.
func (sp spec) filledIn(in resource.PropertyMap) []string {
	var out []string
	for _, path := range sp.computed {
		i := strings.LastIndexByte(path, '.')
		if _, ok := at(in, path[:max(i, 0)]); i < 0 || ok {
			out = append(out, path)
		}
	}
	if n := sp.naming.property; n != "" {
		out = append(out, n)
	}
	return out
}

func (sp spec) make(a *account, r awsstate.Resource, inputs resource.PropertyMap) (awsstate.Resource, resource.PropertyMap, error) {
	in := plain(inputs)
	sp.naming.fromPrefix(a, in)
	if err := sp.taken(a, r.Type, in); err != nil {
		return r, nil, err
	}
	if sp.verify != nil {
		if err := sp.verify(a, in); err != nil {
			return r, nil, err
		}
	}
	id, computed, err := sp.create(a, in)
	if err != nil {
		return r, nil, err
	}
	if _, ok := a.Get(r.Type, id); ok {
		return r, nil, fmt.Errorf("%s: %q exists already", sp.conflictCode(), id)
	}
	outputs := echo(inputs)
	fill(outputs, shadow(inputs, computed))
	if n := sp.naming.property; n != "" {
		fill(outputs, resource.PropertyMap{resource.PropertyKey(n): resource.NewProperty(in.str(n))})
	}
	r.ID = id
	sp.keep(a, r, inputs, outputs)
	return r, outputs, nil
}

// keep writes a resource to the account, without what AWS would not show.
func (sp spec) keep(a *account, r awsstate.Resource, inputs, outputs resource.PropertyMap) {
	r.Inputs, r.Outputs = plain(inputs), plain(outputs)
	delete(r.Inputs, defaultsKey)
	for _, name := range sp.secrets {
		for _, m := range []map[string]any{r.Inputs, r.Outputs} {
			if _, ok := m[name]; ok {
				m[name] = awsstate.Redacted
			}
		}
	}
	if sp.versions != nil {
		r.Versions = sp.versions(r)
	}
	a.Put(r)
}

// taken refuses a physical name that another resource of the type has.
func (sp spec) taken(a *account, typ string, in props) error {
	if len(sp.unique) == 0 {
		return nil
	}
	for _, other := range a.OfType(typ) {
		same := true
		for _, name := range sp.unique {
			same = same && props(other.Outputs).get(name) == in.get(name)
		}
		if same {
			return fmt.Errorf("%s: %s %q exists already", sp.conflictCode(), sp.unique[0], in.str(sp.unique[0]))
		}
	}
	return nil
}

func (sp spec) conflictCode() string {
	if sp.conflict == "" {
		return "ResourceAlreadyExistsException"
	}
	return sp.conflict
}

// echo are the outputs that repeat inputs, as secret as those are.
func echo(inputs resource.PropertyMap) resource.PropertyMap {
	out := maps.Clone(inputs)
	delete(out, defaultsKey)
	if tags, ok := inputs["tags"]; ok {
		out["tagsAll"] = tags
	}
	return out
}
