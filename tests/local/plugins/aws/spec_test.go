package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// TestSpecsAgreeWithThemselves: what the tables say of inputs names inputs.
func TestSpecsAgreeWithThemselves(t *testing.T) {
	t.Parallel()
	for typ, sp := range specs() {
		if sp.create == nil {
			t.Errorf("%s has no create", typ)
		}
		names := slices.Concat(sp.required, sp.replaces, sp.sets, sp.jsons, sp.secrets, sp.unique)
		if n := sp.naming; n.property != "" {
			names = append(names, n.property)
		}
		if n := sp.naming; n.prefix != "" {
			names = append(names, n.prefix)
		}
		for _, name := range names {
			top, _, _ := strings.Cut(name, ".")
			if !slices.Contains(sp.inputs, top) {
				t.Errorf("%s: %s is no input", typ, name)
			}
		}
	}
}

// TestPreviewsLeaveComputedUnknown: for every type, what AWS fills in is unknown
// before it has, and never empty.
func TestPreviewsLeaveComputedUnknown(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for typ, sp := range h.server.specs {
		out := plain(h.preview(typ, "x", object{}))
		for _, path := range sp.computed {
			if strings.Contains(path, ".") {
				continue
			}
			if _, ok := out.get(path).(unknown); !ok {
				t.Errorf("%s: %s is %v, want unknown", typ, path, out.get(path))
			}
		}
	}
}

func TestUnknownTypesAreNamed(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	_, err := h.server.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn("aws:rds/cluster:Cluster", "db")})
	wantError(t, err, "no aws:rds/cluster:Cluster: add it to the tables in tests/local/plugins/aws (rds*.go)")
	_, err = h.invoke("aws:rds/getCluster:getCluster", nil)
	wantError(t, err, "invoke.go")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	taint := func(effect string) object { return object{"key": "k", "effect": effect} }
	group := func(extra object) object {
		in := object{
			"clusterName": "local", "nodeRoleArn": "arn:aws:iam::1:role/r", "subnetIds": []any{"subnet-1"},
			"scalingConfig": object{"minSize": 1, "desiredSize": 1, "maxSize": 1},
		}
		maps.Copy(in, extra)
		return in
	}
	cases := map[string]struct {
		typ  string
		in   object
		want []string
	}{
		"good":              {typeNodeGroup, group(nil), nil},
		"missing":           {typeRoleAttachment, object{"role": "r"}, []string{"policyArn is required and missing"}},
		"misspelt":          {typeRoleAttachment, object{"role": "r", "policyArn": "p", "rol": "x"}, []string{"rol is not a property of this type; it has policyArn, role"}},
		"several":           {typeRoleAttachment, object{}, []string{"policyArn is required and missing", "role is required and missing"}},
		"taint":             {typeNodeGroup, group(object{"taints": []any{taint("NoSchedule")}}), []string{`taints has the effect "NoSchedule"; EKS knows NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE`}},
		"good taint":        {typeNodeGroup, group(object{"taints": []any{taint("NO_SCHEDULE")}}), nil},
		"name and prefix":   {typeLaunchTemplate, object{"name": "a", "namePrefix": "b"}, []string{"namePrefix conflicts with name"}},
		"user data":         {typeLaunchTemplate, object{"userData": "#!"}, []string{"userData must be base64: illegal base64 data at input byte 0"}},
		"policy":            {typeRole, object{"assumeRolePolicy": "{"}, []string{"assumeRolePolicy contains an invalid JSON policy"}},
		"table":             {"aws:dynamodb/table:Table", object{"hashKey": "id", "attributes": []any{object{"name": "other", "type": "S"}}}, []string{`attributes has no attribute for the key "id"`, `attributes has "other", which no key uses`}},
		"alias":             {"aws:kms/alias:Alias", object{"name": "signer", "targetKeyId": "k"}, []string{"name must begin with 'alias/' and not be reserved (i.e. alias/aws/)"}},
		"retention":         {"aws:cloudwatch/logGroup:LogGroup", object{"retentionInDays": 8}, []string{"retentionInDays is 8: it must be one of [0 1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653]"}},
		"rule without peer": {typeIngressRule, object{"ipProtocol": "tcp", "securityGroupId": "sg-1"}, []string{"ipProtocol needs exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedSecurityGroupId"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := newHarness(t).check(c.typ, "x", nil, c.in)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
