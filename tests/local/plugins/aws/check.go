package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Check validates inputs and names what has no name.
func (s *server) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	_, sp, err := s.lookup(r.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(r.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs: %w", err)
	}
	news, err := unmarshal(r.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the new inputs: %w", err)
	}
	maps.DeleteFunc(news, func(k resource.PropertyKey, v resource.PropertyValue) bool { return v.IsNull() || k == defaultsKey })
	faults := sp.faults(plain(news))
	if err := sp.naming.autoname(r.GetUrn(), r.GetRandomSeed(), olds, news); err != nil {
		return nil, err
	}
	inputs, err := marshal(news)
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures(faults)}, err
}

// faults are all faults of the inputs at once.
func (sp spec) faults(in props) []fault {
	var out []fault
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if !slices.Contains(sp.inputs, name) {
			out = append(out, fault{name, "is not a property of this type; it has " + strings.Join(sp.inputs, ", ")})
		}
	}
	for _, name := range sp.required {
		if _, ok := in[name]; !ok {
			out = append(out, fault{name, "is required and missing"})
		}
	}
	if n := sp.naming; n.prefix != "" && in.has(n.property) && in.has(n.prefix) {
		out = append(out, fault{n.prefix, "conflicts with " + n.property})
	}
	if sp.check != nil {
		out = append(out, sp.check(in)...)
	}
	return out
}

func failures(faults []fault) []*pulumirpc.CheckFailure {
	var out []*pulumirpc.CheckFailure
	for _, f := range faults {
		out = append(out, &pulumirpc.CheckFailure{Property: f.property, Reason: f.property + " " + f.reason})
	}
	return out
}
