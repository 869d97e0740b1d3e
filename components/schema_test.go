package components

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/blang/semver"
	"github.com/google/go-cmp/cmp"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	pschema "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

var update = flag.Bool("update", false, "rewrite golden files and schema.json")

const schemaFile = "../schema.json"

// TestSchemaIsCurrent compares schema.json with what the code makes of itself.
func TestSchemaIsCurrent(t *testing.T) {
	got := currentSchema(t)
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("schema.json is stale, run `make schema` (-want +got):\n%s", diff)
	}
}

// currentSchema asks the provider over gRPC, and leaves the version out, which a
// release sets.
func currentSchema(t *testing.T) []byte {
	t.Helper()
	provider, err := Provider()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), PackageName, semver.MustParse("0.0.0"), integration.WithProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.GetSchema(p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal([]byte(response.Schema), &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema, "version")
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestSchemaDescribesEverything keeps the registry pages complete.
func TestSchemaDescribesEverything(t *testing.T) {
	var schema struct {
		Resources map[string]struct {
			Description                 string
			InputProperties, Properties map[string]struct{ Description string }
		}
		Types map[string]struct {
			Description string
			Properties  map[string]struct{ Description string }
		}
	}
	if err := json.Unmarshal(currentSchema(t), &schema); err != nil {
		t.Fatal(err)
	}
	if len(schema.Resources) != 3 || len(schema.Types) != 4 {
		t.Fatalf("got %d resources and %d types", len(schema.Resources), len(schema.Types))
	}
	check := func(name, description string) {
		if description == "" {
			t.Errorf("%s has no description", name)
		}
	}
	for token, r := range schema.Resources {
		check(token, r.Description)
		for name, property := range r.InputProperties {
			check(token+" input "+name, property.Description)
		}
		for name, property := range r.Properties {
			check(token+" output "+name, property.Description)
		}
	}
	for token, typ := range schema.Types {
		check(token, typ.Description)
		for name, property := range typ.Properties {
			check(token+" "+name, property.Description)
		}
	}
}

// TestSchemaBinds: the generators of all languages start from the bound schema,
// which refuses what does not hold together.
func TestSchemaBinds(t *testing.T) {
	var spec pschema.PackageSpec
	if err := json.Unmarshal(currentSchema(t), &spec); err != nil {
		t.Fatal(err)
	}
	bound, diagnostics, err := pschema.BindSpec(spec, nil, pschema.ValidationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diagnostics {
		t.Errorf("%s: %s", d.Summary, d.Detail)
	}
	for _, r := range bound.Resources {
		if !r.IsComponent {
			t.Errorf("%s is not a component", r.Token)
		}
	}
	if len(bound.Resources) != 3 {
		t.Errorf("%d resources, want 3", len(bound.Resources))
	}
}
