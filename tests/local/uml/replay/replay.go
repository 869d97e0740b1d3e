// Package replay shows the results of a test binary that ran in a guest as results of
// the test that has started the guest.
package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// event is a line of test2json's output (go doc test2json).
type event struct {
	Action string
	Test   string
	Output string
}

// result is a test and its subtests, in the order of their starts.
type result struct {
	name, action string
	output       strings.Builder
	children     []*result
}

// Results replays what a binary with -test.v=test2json has written: each test becomes a
// subtest with the same end. One that has no end has failed, and so has output that has
// no test.
func Results(t *testing.T, output []byte) {
	t.Helper()
	root, err := parse(t, output)
	if err != nil {
		t.Fatalf("reading the guest's results: %v\n%s", err, output)
	}
	if len(root.children) == 0 {
		t.Fatalf("no test ran in the guest:\n%s", output)
	}
	for _, child := range root.children {
		child.replay(t)
	}
}

func parse(t *testing.T, output []byte) (*result, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json")
	cmd.Stdin = bytes.NewReader(output)
	converted, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go tool test2json: %w", err)
	}
	return tree(converted)
}

// tree puts the events of each test together.
func tree(converted []byte) (*result, error) {
	root := &result{}
	all := map[string]*result{"": root}
	for line := range bytes.Lines(converted) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		r := all[e.Test]
		if r == nil {
			parent, name := root, e.Test
			if i := strings.LastIndex(e.Test, "/"); i >= 0 && all[e.Test[:i]] != nil {
				parent, name = all[e.Test[:i]], e.Test[i+1:]
			}
			r = &result{name: name}
			all[e.Test] = r
			parent.children = append(parent.children, r)
		}
		switch e.Action {
		case "output":
			r.output.WriteString(e.Output)
		case "pass", "fail", "skip":
			r.action = e.Action
		}
	}
	return root, nil
}

func (r *result) replay(t *testing.T) {
	t.Helper()
	t.Run(r.name, func(t *testing.T) {
		for _, child := range r.children {
			child.replay(t)
		}
		if text := r.text(); text != "" {
			t.Log(text)
		}
		switch r.action {
		case "pass":
		case "skip":
			t.SkipNow()
		case "fail":
			t.Fail()
		default:
			t.Error("it did not come to its end")
		}
	})
}

// text is what the test has said, without what the testing package adds.
func (r *result) text() string {
	var lines []string
	for line := range strings.Lines(r.output.String()) {
		trimmed := strings.TrimSpace(line)
		if !strings.HasPrefix(trimmed, "=== ") && !strings.HasPrefix(trimmed, "--- ") {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}
