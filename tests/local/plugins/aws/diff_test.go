package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	unknownValue := resource.MakeComputed(resource.NewProperty(""))
	type result struct {
		Diffs, Replaces     []string
		Kinds               map[string]string
		DeleteBeforeReplace bool
	}
	cases := map[string]struct {
		typ        string
		olds, news object
		want       result
	}{
		"same": {typeRole, object{"name": "a"}, object{"name": "a"}, result{}},
		"update": {typeNodeGroup,
			object{"scalingConfig": object{"desiredSize": 1, "maxSize": 3}},
			object{"scalingConfig": object{"desiredSize": 2, "maxSize": 3}},
			result{Diffs: []string{"scalingConfig"}, Kinds: map[string]string{"scalingConfig.desiredSize": "UPDATE"}}},
		"replace, add and delete": {typeNodeGroup,
			object{"capacityType": "SPOT", "labels": object{"a": "1"}},
			object{"instanceTypes": []any{"m5.xlarge"}, "labels": object{}},
			result{Diffs: []string{"capacityType", "instanceTypes", "labels"}, Replaces: []string{"capacityType", "instanceTypes"},
				Kinds: map[string]string{"capacityType": "DELETE_REPLACE", "instanceTypes": "ADD_REPLACE", "labels.a": "DELETE"}}},
		"part of an object": {typeNodeGroup,
			object{"launchTemplate": object{"id": "lt-1", "version": "1"}}, object{"launchTemplate": object{"id": "lt-2", "version": "1"}},
			result{Diffs: []string{"launchTemplate"}, Replaces: []string{"launchTemplate"}, Kinds: map[string]string{"launchTemplate.id": "UPDATE_REPLACE"}}},
		"other part of it": {typeNodeGroup,
			object{"launchTemplate": object{"id": "lt-1", "version": "1"}}, object{"launchTemplate": object{"id": "lt-1", "version": unknownValue}},
			result{Diffs: []string{"launchTemplate"}, Kinds: map[string]string{"launchTemplate.version": "UPDATE"}}},
		"object whose part replaces": {typeNodeGroup,
			object{}, object{"launchTemplate": object{"id": "lt-1", "version": "1"}},
			result{Diffs: []string{"launchTemplate"}, Replaces: []string{"launchTemplate"}, Kinds: map[string]string{"launchTemplate": "ADD_REPLACE"}}},
		"order of a set": {typeNodeGroup, object{"subnetIds": []any{"a", "b"}}, object{"subnetIds": []any{"b", "a"}}, result{}},
		"member of a set": {typeNodeGroup, object{"subnetIds": []any{"a", "b"}}, object{"subnetIds": []any{"a", "c"}},
			result{Diffs: []string{"subnetIds"}, Replaces: []string{"subnetIds"}, Kinds: map[string]string{"subnetIds[1]": "UPDATE_REPLACE"}}},
		"spelling of JSON": {typeRole, object{"assumeRolePolicy": `{"a": 1, "b": 2}`}, object{"assumeRolePolicy": `{"b":2,"a":1}`}, result{}},
		"secrecy":          {typeNodeGroup, object{"clusterName": "local"}, object{"clusterName": secret("local")}, result{}},
		"typed name stays": {typeRole, object{"name": "mine", "path": "/"}, object{"name": "mine", "path": "/x/"},
			result{Diffs: []string{"path"}, Replaces: []string{"path"}, Kinds: map[string]string{"path": "UPDATE_REPLACE"}, DeleteBeforeReplace: true}},
		"own name stays": {typeRole, object{"name": "r-1", "path": "/", defaultsKey: []any{"name"}}, object{"name": "r-1", "path": "/x/", defaultsKey: []any{"name"}},
			result{Diffs: []string{"path"}, Replaces: []string{"path"}, Kinds: map[string]string{"path": "UPDATE_REPLACE"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			r, err := h.server.Diff(t.Context(), &pulumirpc.DiffRequest{
				Urn:       urn(c.typ, "x"),
				OldInputs: h.encode(resource.NewPropertyMapFromMap(c.olds)), News: h.encode(resource.NewPropertyMapFromMap(c.news)),
			})
			if err != nil {
				t.Fatal(err)
			}
			got := result{Diffs: r.GetDiffs(), Replaces: r.GetReplaces(), DeleteBeforeReplace: r.GetDeleteBeforeReplace()}
			for path, d := range r.GetDetailedDiff() {
				if got.Kinds == nil {
					got.Kinds = map[string]string{}
				}
				got.Kinds[path] = d.GetKind().String()
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
