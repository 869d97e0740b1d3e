package main

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// pool is a custom resource at generation 2 with these conditions.
func pool(conditions ...any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"generation": int64(2)},
		"spec":     map[string]any{"weight": int64(10), "names": []any{"a", "b"}, "empty": nil},
		"status":   map[string]any{"phase": "Running", "conditions": conditions},
	}}
}

func TestWaitFor(t *testing.T) {
	ready := map[string]any{"type": "Ready", "status": "True"}
	notReady := map[string]any{"type": "Ready", "status": "False", "reason": "NotFound", "message": "no node class"}
	stale := map[string]any{"type": "Ready", "status": "True", "observedGeneration": int64(1)}
	tests := map[string]struct {
		annotation string
		live       *unstructured.Unstructured
		want       string
	}{
		"condition":                 {"condition=Ready", pool(ready), "done"},
		"condition in other case":   {"condition=ready=true", pool(ready), "done"},
		"wrong status":              {"condition=Ready", pool(notReady), "waiting: the condition Ready is False, not True (NotFound: no node class)"},
		"that status":               {"condition=Ready=False", pool(notReady), "done"},
		"no such condition":         {"condition=Synced", pool(ready), "waiting: there is no condition Synced"},
		"no status":                 {"condition=Ready", &unstructured.Unstructured{Object: map[string]any{}}, "waiting: there is no condition Ready"},
		"old generation":            {"condition=Ready", pool(stale), "waiting: the condition Ready is from before the change"},
		"path with value":           {"jsonpath={.status.phase}=Running", pool(), "done"},
		"path with other value":     {"jsonpath={.status.phase}=Failed", pool(), "waiting: {.status.phase} is Running, not Failed"},
		"path with number":          {"jsonpath={.spec.weight}=10", pool(), "done"},
		"path to anything":          {"jsonpath={.spec.names}", pool(), "done"},
		"path into list":            {"jsonpath={.spec.names[1]}=b", pool(), "done"},
		"path beyond the list":      {"jsonpath={.spec.names[7]}", pool(), "failed: following {.spec.names[7]}: array index out of bounds: index 7, length 2"},
		"path to nothing":           {"jsonpath={.status.ip}", pool(), "waiting: {.status.ip} leads nowhere"},
		"path to null":              {"jsonpath={.spec.empty}", pool(), "waiting: {.spec.empty} leads nowhere"},
		"path to list with value":   {"jsonpath={.spec.names}=a", pool(), "failed: {.spec.names} is [a b], which cannot equal a"},
		"path with filter":          {`jsonpath={.status.conditions[?(@.type=="Ready")].status}=True`, pool(ready), "done"},
		"all":                       {`["condition=Ready", "jsonpath={.status.phase}=Running"]`, pool(ready), "done"},
		"all but one":               {`["condition=Ready", "jsonpath={.status.phase}=Gone"]`, pool(ready), "waiting: {.status.phase} is Running, not Gone"},
		"array of one, not arrived": {`["condition=Ready"]`, pool(notReady), "waiting: the condition Ready is False, not True (NotFound: no node class)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			judge, err := parseWaitFor(tt.annotation)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(judge(tt.live)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWaitForRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, annotation := range []string{
		"Ready", "delete", "condition=", "condition=Ready=", "jsonpath=", "jsonpath=.status.phase", "jsonpath='{.a}'",
		"jsonpath={.a}=", "jsonpath={.a}=b=c", "jsonpath={.a}={.b}", "jsonpath={.a[}", "[]", `["condition=Ready", "ready"]`,
	} {
		if _, err := parseWaitFor(annotation); err == nil || !strings.Contains(err.Error(), waitForAnnotation) {
			t.Errorf("%s: error %v", annotation, err)
		}
	}
}

func TestJudgeOf(t *testing.T) {
	deployments, pools := schema.GroupKind{Group: "apps", Kind: "Deployment"}, schema.GroupKind{Group: "karpenter.sh", Kind: "NodePool"}
	inputs := properties(map[string]any{"metadata": map[string]any{"annotations": map[string]any{waitForAnnotation: "condition=Ready"}}})
	live := pool(map[string]any{"type": "Ready", "status": "True"})
	for name, tt := range map[string]struct {
		kind    schema.GroupKind
		waitFor bool
		limit   time.Duration
		want    string
	}{
		"built in":      {kind: deployments, limit: time.Minute, want: "waiting: the controller has not seen the change"},
		"overrides it":  {kind: deployments, limit: time.Minute, waitFor: true, want: "done"},
		"custom kind":   {kind: pools, limit: time.Minute, want: "nobody"},
		"asked for":     {kind: pools, limit: time.Minute, waitFor: true, want: "done"},
		"asked to skip": {kind: pools, waitFor: true, want: "nobody"},
	} {
		given := properties(map[string]any{})
		if tt.waitFor {
			given = inputs
		}
		judge, err := judgeOf(tt.kind, given, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		got := "nobody"
		if judge != nil {
			got = show(judge(live))
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
