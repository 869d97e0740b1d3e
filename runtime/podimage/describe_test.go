package podimage

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

func TestSBOM(t *testing.T) {
	b := build(t, requestOf(t, eif.X8664, "one", compile(t, "../../cmd/enclave-init")))
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(b.SBOM), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	if got := (*bom.Metadata.Component.Hashes)[0].Value; "sha256:"+got != digest(t, b) {
		t.Errorf("it is about %s, want %s", got, digest(t, b))
	}
	refs := map[string]bool{}
	for _, c := range *bom.Components {
		if refs[c.BOMRef] {
			t.Errorf("%s is there twice", c.BOMRef)
		}
		refs[c.BOMRef] = true
	}
	for _, want := range []string{"supervisor", "enclave", "kernel", "init", "pkg:golang/stdlib@" + goVersion(t), "pkg:golang/github.com/mdlayher/vsock@v1.4.0"} {
		if !refs[want] {
			t.Errorf("%s is missing", want)
		}
	}
	for _, d := range *bom.Dependencies {
		for _, on := range *d.Dependencies {
			if !refs[on] {
				t.Errorf("%s depends on %s, which is not there", d.Ref, on)
			}
		}
	}
	if err := bomSchema(t).Validate(decoded(t, b.SBOM)); err != nil {
		t.Error(err)
	}
}

func goVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "go")
}

func decoded(t *testing.T, b []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// bomSchema is CycloneDX's own, from its module.
func bomSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "schema")
	compiler := jsonschema.NewCompiler()
	for name, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("http://cyclonedx.org/schema/"+name, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestProvenance(t *testing.T) {
	b := build(t, request(t, eif.X8664, "one"))
	var statement intoto.Statement
	if err := protojson.Unmarshal(b.Provenance, &statement); err != nil {
		t.Fatal(err)
	}
	if err := statement.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := statement.GetSubject()[0].GetDigest()["sha256"]; "sha256:"+got != digest(t, b) {
		t.Errorf("it is about %s, want %s", got, digest(t, b))
	}
	var names []string
	build := statement.GetPredicate().GetFields()["buildDefinition"].GetStructValue().GetFields()
	for _, d := range build["resolvedDependencies"].GetListValue().GetValues() {
		fields := d.GetStructValue().GetFields()
		names = append(names, fields["name"].GetStringValue())
		if len(fields["digest"].GetStructValue().GetFields()) != 1 {
			t.Errorf("%v has no digest", d)
		}
	}
	for _, want := range []string{"supervisor", "kernel", "init"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing in %v", want, names)
		}
	}
	if parameters := build["externalParameters"].GetStructValue().GetFields(); !strings.Contains(parameters["cmdline"].GetStringValue(), "console=") {
		t.Errorf("parameters are %v", parameters)
	}
}
