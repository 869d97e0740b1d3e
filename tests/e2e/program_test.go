package e2e

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/stack"
)

// example creates a Pulumi stack of an example; it is destroyed with the test.
func example(t *testing.T, name string, config map[string]string) *stack.Program {
	t.Helper()
	return program(t, filepath.Join("..", "..", "examples", name), config)
}

func program(t *testing.T, dir string, config map[string]string) *stack.Program {
	t.Helper()
	p, err := local.Program(t.Context(), dir, strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	configure(t, p, config)
	t.Cleanup(func() {
		if _, err := run(t, p, "destroy", "--yes", "--skip-preview"); err != nil {
			t.Errorf("destroying: %v", err)
		}
	})
	return p
}

func configure(t *testing.T, p *stack.Program, config map[string]string) {
	t.Helper()
	for key, value := range config {
		if err := p.SetConfig(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
}

// pulumiPatience is longer than the 5 minutes after which the stand-in gives up on
// a rollout and says why.
const pulumiPatience = 7 * time.Minute

// run runs a command on the program, even after the test's own context has ended.
func run(t *testing.T, p *stack.Program, command string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), pulumiPatience)
	defer cancel()
	return p.Run(ctx, command, args...)
}

func up(t *testing.T, p *stack.Program) {
	t.Helper()
	if _, err := run(t, p, "up", "--yes", "--skip-preview"); err != nil {
		t.Fatal(err)
	}
}

// changes is what a preview says would happen, as sorted "operation type name"
// for everything that does not stay the same.
func changes(t *testing.T, p *stack.Program) []string {
	t.Helper()
	out, err := run(t, p, "preview", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		Steps []struct{ Op, URN string }
	}
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		t.Fatalf("reading the preview: %v\n%s", err, out)
	}
	var list []string
	for _, step := range plan.Steps {
		if step.Op == "same" || step.Op == "read" {
			continue
		}
		parts := strings.Split(step.URN, "::")
		typ := parts[2][strings.LastIndex(parts[2], "$")+1:]
		list = append(list, step.Op+" "+typ+" "+parts[3])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// resources are the types in the stack's state.
func resources(t *testing.T, p *stack.Program) []string {
	t.Helper()
	types := []string{}
	for _, r := range exportState(t, p).Deployment.Resources {
		types = append(types, r.Type)
	}
	return types
}
