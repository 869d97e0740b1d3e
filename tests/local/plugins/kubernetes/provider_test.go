package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func properties(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

func urnOf(token, name string) string {
	return "urn:pulumi:test::test::" + token + "::" + name
}

func TestParseToken(t *testing.T) {
	tests := map[string]string{
		"kubernetes:core/v1:Service":                                  "v1 Service",
		"kubernetes:apps/v1:Deployment":                               "apps/v1 Deployment",
		"kubernetes:rbac.authorization.k8s.io/v1:Role":                "rbac.authorization.k8s.io/v1 Role",
		"kubernetes:monitoring.coreos.com/v1:ServiceMonitor":          "monitoring.coreos.com/v1 ServiceMonitor",
		"kubernetes:helm.sh/v3:Release":                               "",
		"kubernetes:yaml/v2:ConfigFile":                               "",
		"kubernetes:apps/v1:DeploymentPatch":                          "",
		"aws:ec2/vpc:Vpc":                                             "",
		"kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "apiextensions.k8s.io/v1 CustomResourceDefinition",
	}
	for token, want := range tests {
		apiVersion, kind, err := parseToken(token)
		got := apiVersion + " " + kind
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%s: got %q (%v), want %q", token, got, err, want)
		}
	}
}

// unreachable is a provider whose cluster does not exist yet.
func unreachable() *provider {
	p := newProvider(logger{})
	p.config.unknown = true
	p.cluster = newCluster(p.config)
	return p
}

func check(t *testing.T, p *provider, token string, olds, news resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	oldStruct, err := marshal(olds)
	if err != nil {
		t.Fatal(err)
	}
	newStruct, err := marshal(news)
	if err != nil {
		t.Fatal(err)
	}
	response, err := p.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn: urnOf(token, "app"), Olds: oldStruct, News: newStruct, RandomSeed: []byte("seed"),
	})
	if err != nil || len(response.GetFailures()) > 0 {
		t.Fatalf("check: %v %v", err, response.GetFailures())
	}
	checked, err := unmarshal(response.GetInputs())
	if err != nil {
		t.Fatal(err)
	}
	return checked
}

func TestCheckNames(t *testing.T) {
	const token = "kubernetes:core/v1:ConfigMap"
	first := check(t, unreachable(), token, nil, properties(map[string]any{}))
	name := text(field(first, "metadata", "name"))
	if len(name) != len("app-12345678") || !strings.HasPrefix(name, "app-") {
		t.Errorf("generated name %q", name)
	}
	if !autonamed(first) || text(first["kind"]) != "ConfigMap" || text(field(first, "metadata", "namespace")) != "default" {
		t.Errorf("checked inputs %v", first)
	}
	again := check(t, unreachable(), token, first, properties(map[string]any{"data": map[string]any{"a": "b"}}))
	if got := text(field(again, "metadata", "name")); got != name {
		t.Errorf("the name changed from %q to %q", name, got)
	}
	given := check(t, unreachable(), token, nil, properties(map[string]any{"metadata": map[string]any{"name": "mine"}}))
	if text(field(given, "metadata", "name")) != "mine" || autonamed(given) {
		t.Errorf("checked inputs %v", given)
	}
	unknownName := check(t, unreachable(), token, nil, resource.PropertyMap{
		"metadata": resource.NewProperty(resource.PropertyMap{"name": unknown()}),
	})
	if !field(unknownName, "metadata", "name").IsComputed() {
		t.Errorf("an unknown name became %v", unknownName)
	}
}

func TestCheckNamespaces(t *testing.T) {
	tests := map[string]string{
		"kubernetes:core/v1:Namespace":                                       "",
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole":                "",
		"kubernetes:rbac.authorization.k8s.io/v1:Role":                       "default",
		"kubernetes:karpenter.sh/v1:NodePool":                                "",
		"kubernetes:monitoring.coreos.com/v1:ServiceMonitor":                 "default",
		"kubernetes:policy/v1:PodDisruptionBudget":                           "default",
		"kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition":        "",
		"kubernetes:unheard.of/v1:Thing" /* nobody can be asked about it */ : "",
	}
	for token, want := range tests {
		checked := check(t, unreachable(), token, nil, properties(map[string]any{}))
		if got := text(field(checked, "metadata", "namespace")); got != want {
			t.Errorf("%s: namespace %q, want %q", token, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	object := func(change func(map[string]any)) resource.PropertyMap {
		m := map[string]any{
			"apiVersion": "v1", "kind": "Thing", "metadata": map[string]any{"name": "a", "namespace": "default"},
			"data": map[string]any{"a.b": "1"}, "spec": map[string]any{"selector": map[string]any{"x": "y"}, "replicas": 1},
		}
		if change != nil {
			change(m)
		}
		return properties(m)
	}
	p := unreachable()
	tests := map[string]struct {
		token    string
		change   func(map[string]any)
		replaces string
		first    bool // delete before replace
		none     bool
	}{
		"nothing":       {token: "kubernetes:apps/v1:Deployment", none: true},
		"replicas":      {token: "kubernetes:apps/v1:Deployment", change: func(m map[string]any) { m["spec"].(map[string]any)["replicas"] = 2 }},
		"selector":      {token: "kubernetes:apps/v1:Deployment", change: func(m map[string]any) { m["spec"].(map[string]any)["selector"] = map[string]any{"x": "z"} }, replaces: "spec.selector.x", first: true},
		"name":          {token: "kubernetes:core/v1:Service", change: func(m map[string]any) { m["metadata"].(map[string]any)["name"] = "b" }, replaces: "metadata.name"},
		"namespace":     {token: "kubernetes:core/v1:Service", change: func(m map[string]any) { m["metadata"].(map[string]any)["namespace"] = "b" }, replaces: "metadata.namespace"},
		"config data":   {token: "kubernetes:core/v1:ConfigMap", change: func(m map[string]any) { m["data"] = map[string]any{"a.b": "2"} }, replaces: `data["a.b"]`, first: true},
		"service data":  {token: "kubernetes:core/v1:Service", change: func(m map[string]any) { m["data"] = map[string]any{"a.b": "2"} }},
		"cluster ip":    {token: "kubernetes:core/v1:Service", change: func(m map[string]any) { m["spec"].(map[string]any)["clusterIP"] = "None" }, replaces: "spec.clusterIP", first: true},
		"version only":  {token: "kubernetes:core/v1:Service", change: func(m map[string]any) { m["apiVersion"] = "v2" }},
		"another group": {token: "kubernetes:core/v1:Service", change: func(m map[string]any) { m["apiVersion"] = "x/v1" }, replaces: "apiVersion", first: true},
		"an annotation": {token: "kubernetes:core/v1:Secret", change: func(m map[string]any) { m["metadata"].(map[string]any)["annotations"] = map[string]any{"a": "b"} }},
		"autonamed data": {token: "kubernetes:core/v1:Secret", change: func(m map[string]any) {
			m["data"] = map[string]any{}
			m["metadata"].(map[string]any)["annotations"] = map[string]any{autonamedAnnotation: "true"}
		}, replaces: `data["a.b"]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			kind, err := kindOf(resource.URN(urnOf(tt.token, "a")), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := diff(object(nil), object(tt.change), p.replaces(kind))
			if (got.GetChanges() == pulumirpc.DiffResponse_DIFF_NONE) != tt.none {
				t.Errorf("changes %v", got.GetChanges())
			}
			if replaces := strings.Join(got.GetReplaces(), ","); replaces != tt.replaces {
				t.Errorf("replaces %q, want %q", replaces, tt.replaces)
			}
			if got.GetDeleteBeforeReplace() != tt.first {
				t.Errorf("delete before replace = %v", got.GetDeleteBeforeReplace())
			}
		})
	}
}

func TestPreviewsLeaveWhatTheServerFillsUnknown(t *testing.T) {
	inputs := properties(map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "a"}})
	created := previewCreate(inputs)
	for _, path := range [][]string{{"metadata", "uid"}, {"status"}, {"spec", "clusterIP"}} {
		if !field(created, path...).IsComputed() {
			t.Errorf("%v is %v", path, field(created, path...))
		}
	}
	if text(field(created, "metadata", "name")) != "a" {
		t.Error("a name that is given is known")
	}
	olds := properties(map[string]any{"metadata": map[string]any{"uid": "u"}, "spec": map[string]any{"clusterIP": "10.0.0.1"}})
	updated := previewUpdate(inputs, olds)
	if text(field(updated, "metadata", "uid")) != "u" || text(field(updated, "spec", "clusterIP")) != "10.0.0.1" {
		t.Errorf("an update keeps what stays: %v", updated)
	}
}

func TestOutputsKeepSecrets(t *testing.T) {
	inputs := resource.PropertyMap{"data": resource.NewProperty(resource.PropertyMap{
		"open": resource.NewProperty("1"), "hidden": resource.MakeSecret(resource.NewProperty("2")),
	})}
	live := func(kind string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"kind": kind, "metadata": map[string]any{"managedFields": []any{map[string]any{"manager": "x"}}},
			"data": map[string]any{"open": "1", "hidden": "2"},
		}}
	}
	config := outputsOf(live("ConfigMap"), inputs)
	if !field(config, "data", "hidden").IsSecret() || field(config, "data", "open").IsSecret() {
		t.Errorf("outputs %v", config)
	}
	if !field(config, "metadata", "managedFields").IsNull() {
		t.Error("managedFields are in the outputs")
	}
	if secret := outputsOf(live("Secret"), nil); !secret["data"].IsSecret() {
		t.Errorf("outputs %v", secret)
	}
}

func TestObjectDropsNullsAndWrappers(t *testing.T) {
	got := object(resource.PropertyMap{
		"a": resource.MakeSecret(resource.NewProperty(resource.PropertyMap{"b": resource.NewProperty("c"), "n": resource.NewNullProperty()})),
		"l": resource.NewProperty([]resource.PropertyValue{resource.MakeSecret(resource.NewProperty(1.0))}),
		"u": unknown(),
	})
	want := map[string]any{"a": map[string]any{"b": "c"}, "l": []any{1.0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSeenInputs(t *testing.T) {
	inputs := properties(map[string]any{
		"spec": map[string]any{"replicas": 2, "cpu": "1000m", "args": []any{"a"}, "gone": "x", "off": false},
	})
	inputs["stringData"] = resource.MakeSecret(resource.NewProperty(properties(map[string]any{"k": "old"})))
	live := &unstructured.Unstructured{Object: map[string]any{
		"spec":   map[string]any{"replicas": int64(3), "cpu": "1", "args": []any{"a"}, "added": "by the server"},
		"data":   map[string]any{"k": "bmV3"},
		"status": map[string]any{"x": "y"},
	}}
	want := properties(map[string]any{"spec": map[string]any{"replicas": 3, "cpu": "1000m", "args": []any{"a"}, "off": false}})
	want["stringData"] = resource.MakeSecret(resource.NewProperty(properties(map[string]any{"k": "new"})))
	if got := seenInputs(live, inputs); !got.DeepEquals(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJudgeDeployment(t *testing.T) {
	deployment := func(status map[string]any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"generation": int64(2)}, "spec": map[string]any{"replicas": int64(2)}, "status": status,
		}}
	}
	counts := func(observed, updated, total, available int64) map[string]any {
		return map[string]any{
			"observedGeneration": observed, "updatedReplicas": updated, "replicas": total, "availableReplicas": available,
		}
	}
	late := counts(2, 1, 3, 2)
	late["conditions"] = []any{map[string]any{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out"}}
	tests := map[string]struct {
		status map[string]any
		want   string
	}{
		"not seen":       {counts(1, 2, 2, 2), "waiting: the controller has not seen the change"},
		"old ones left":  {counts(2, 2, 3, 3), "waiting: 2 of 2 replicas updated, 3 available, 1 old ones left"},
		"not available":  {counts(2, 2, 2, 1), "waiting: 2 of 2 replicas updated, 1 available, 0 old ones left"},
		"done":           {counts(2, 2, 2, 2), "done"},
		"over its limit": {late, "failed: progress deadline exceeded: 1 of 2 replicas updated, 2 available, 2 old ones left; timed out"},
	}
	for name, tt := range tests {
		if got := show(judgeDeployment(deployment(tt.status))); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestJudgeDaemonSet(t *testing.T) {
	daemonSet := func(want, updated, available int64) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{
			"desiredNumberScheduled": want, "updatedNumberScheduled": updated, "numberAvailable": available,
		}}}
	}
	if got := show(judgeDaemonSet(daemonSet(0, 0, 0))); got != "done" {
		t.Errorf("no nodes: %s", got)
	}
	if got := show(judgeDaemonSet(daemonSet(2, 2, 1))); got != "waiting: pods on 2 of 2 nodes updated, 1 available" {
		t.Errorf("one missing: %s", got)
	}
}

func show(v verdict) string {
	switch {
	case v.done:
		return "done"
	case v.failed != "":
		return "failed: " + v.failed
	default:
		return "waiting: " + v.waiting
	}
}

func TestPatience(t *testing.T) {
	annotated := func(key, value string) resource.PropertyMap {
		return properties(map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
	}
	tests := map[string]struct {
		inputs  resource.PropertyMap
		timeout float64
		want    time.Duration
	}{
		"default":        {want: 5 * time.Minute},
		"customTimeouts": {timeout: 90, inputs: annotated(timeoutAnnotation, "7"), want: 90 * time.Second},
		"annotation":     {inputs: annotated(timeoutAnnotation, "7"), want: 7 * time.Second},
		"no number":      {inputs: annotated(timeoutAnnotation, "soon"), want: 5 * time.Minute},
		"skip":           {inputs: annotated(skipAnnotation, "true"), timeout: 90, want: 0},
	}
	for name, tt := range tests {
		if got := patience(tt.inputs, tt.timeout); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
