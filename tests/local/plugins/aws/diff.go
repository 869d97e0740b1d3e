package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Diff compares inputs. The engine has put the old values of ignoreChanges into
// the new inputs already.
func (s *server) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	_, sp, err := s.lookup(r.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(r.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs: %w", err)
	}
	news, err := unmarshal(r.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the new inputs: %w", err)
	}
	return sp.diff(olds, news), nil
}

func (sp spec) diff(olds, news resource.PropertyMap) *pulumirpc.DiffResponse {
	detail := sp.detail(olds, news)
	if len(detail) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
	out := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_SOME, HasDetailedDiff: true,
		DetailedDiff: map[string]*pulumirpc.PropertyDiff{}, Diffs: tops(slices.Collect(maps.Keys(detail))),
	}
	var replaced []string
	for path, d := range detail {
		kind := pulumirpc.PropertyDiff_Kind(d.Kind)
		if sp.replacedBy(path) {
			kind, replaced = replacing(kind), append(replaced, path)
		}
		out.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	out.Replaces = tops(replaced)
	out.DeleteBeforeReplace = len(replaced) > 0 && sp.naming.pinned(olds, news)
	return out
}

// detail are the differences by property path.
func (sp spec) detail(olds, news resource.PropertyMap) map[string]plugin.PropertyDiff {
	d := sp.normal(olds).Diff(sp.normal(news))
	return plugin.NewDetailedDiffFromObjectDiff(d, true)
}

// changed are the properties that differ.
func (sp spec) changed(olds, news resource.PropertyMap) []string {
	return tops(slices.Collect(maps.Keys(sp.detail(olds, news))))
}

// replacedBy tells whether a change at a path of a detailed diff needs a new resource.
func (sp spec) replacedBy(path string) bool {
	return slices.ContainsFunc(sp.replaces, func(r string) bool {
		return path == r || strings.HasPrefix(path, r+".") || strings.HasPrefix(path, r+"[") || strings.HasPrefix(r, path+".")
	})
}

func replacing(k pulumirpc.PropertyDiff_Kind) pulumirpc.PropertyDiff_Kind {
	switch k {
	case pulumirpc.PropertyDiff_ADD:
		return pulumirpc.PropertyDiff_ADD_REPLACE
	case pulumirpc.PropertyDiff_DELETE:
		return pulumirpc.PropertyDiff_DELETE_REPLACE
	default:
		return pulumirpc.PropertyDiff_UPDATE_REPLACE
	}
}

// tops are the properties that paths begin with, once each.
func tops(paths []string) []string {
	var out []string
	for _, p := range paths {
		if i := strings.IndexAny(p, ".["); i > 0 {
			p = p[:i]
		}
		out = append(out, p)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
