package nodes

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// node reads "group/name" and, with a question mark, is not ready.
func node(spec string) corev1.Node {
	path, notReady := strings.CutSuffix(spec, "?")
	group, name, _ := strings.Cut(path, "/")
	status := corev1.ConditionTrue
	if notReady {
		status = corev1.ConditionFalse
	}
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{ownerLabel: group}},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}},
	}
}

func TestPlan(t *testing.T) {
	tests := map[string]struct{ have, want, create, remove string }{
		"nothing":                {},
		"first nodes":            {want: "g/a g/b", create: "a b"},
		"all there":              {have: "g/a g/b", want: "g/a g/b"},
		"one more":               {have: "g/a", want: "g/a g/b", create: "b"},
		"one fewer":              {have: "g/a g/b", want: "g/a", remove: "b"},
		"group gone":             {have: "g/a g/b", remove: "a b"},
		"replace: first":         {have: "g/a g/b", want: "g/c g/d", remove: "a", create: "c"},
		"replace: wait":          {have: "g/b g/c?", want: "g/c g/d"},
		"replace: second":        {have: "g/b g/c", want: "g/c g/d", remove: "b", create: "d"},
		"replace and grow":       {have: "g/a", want: "g/c g/d", remove: "a", create: "c d"},
		"replace and shrink":     {have: "g/a g/b g/x", want: "g/c", remove: "a b", create: ""},
		"groups do not wait":     {have: "g/b g/c? h/a", want: "g/c g/d h/e", remove: "a", create: "e"},
		"an old one may be sick": {have: "g/a? g/b", want: "g/c g/d", remove: "a", create: "c"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var have []corev1.Node
			for spec := range strings.FieldsSeq(tt.have) {
				have = append(have, node(spec))
			}
			want := map[string]*corev1.Node{}
			for spec := range strings.FieldsSeq(tt.want) {
				n := node(spec)
				want[n.Name] = &n
			}
			p := makePlan(have, want)
			var create []string
			for _, n := range p.create {
				create = append(create, n.Name)
			}
			slices.Sort(create)
			if got := strings.Join(create, " "); got != tt.create {
				t.Errorf("create %q, want %q", got, tt.create)
			}
			if got := strings.Join(p.remove, " "); got != tt.remove {
				t.Errorf("remove %q, want %q", got, tt.remove)
			}
		})
	}
}

func TestPlanPutsChangedLabelsOnRunningNodes(t *testing.T) {
	have, want := node("g/a"), node("g/a")
	want.Labels = map[string]string{ownerLabel: "g", "team": "keys"}
	if p := makePlan([]corev1.Node{have}, map[string]*corev1.Node{"a": &want}); len(p.label) != 1 || len(p.create)+len(p.remove) != 0 {
		t.Errorf("plan %+v", p)
	}
}

func TestWithTaints(t *testing.T) {
	have := []corev1.Taint{{Key: "node.kubernetes.io/not-ready"}, {Key: "k", Value: "old"}}
	got := withTaints(have, []corev1.Taint{{Key: "k", Value: "new"}})
	if len(got) != 2 || got[0].Key != "node.kubernetes.io/not-ready" || got[1].Value != "new" {
		t.Errorf("taints %v", got)
	}
}
