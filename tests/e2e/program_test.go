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
		// The test's own context has ended by now.
		if out, err := p.Run(context.WithoutCancel(t.Context()), "destroy", "--yes", "--skip-preview"); err != nil {
			t.Errorf("destroying: %v\n%s", err, out)
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

func up(t *testing.T, p *stack.Program) {
	t.Helper()
	// The stand-in gives up on a rollout after 5 minutes and says why.
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Minute)
	defer cancel()
	if _, err := p.Run(ctx, "up", "--yes", "--skip-preview"); err != nil {
		t.Fatal(err)
	}
}

// changes is what a preview says would happen, as sorted "operation type name"
// for everything that does not stay the same.
func changes(t *testing.T, p *stack.Program) []string {
	t.Helper()
	out, err := p.Run(t.Context(), "preview", "--json")
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
