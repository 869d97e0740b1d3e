package podimage

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"

	slsa "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// buildType says how to read the parameters: SLSA wants a URI.
const buildType = "https://github.com/unforeseen-consequences/pulumi-containment-chamber/blob/main/docs/images.md#the-pods-image"

const (
	predicateType = "https://slsa.dev/provenance/v1"
	builderID     = "https://github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber"
)

// provenance is an in-toto statement with SLSA's predicate (slsa.dev/spec/v1.0/provenance):
// what the image was made of, by digest. No time is in it; who signs it adds that.
func (r Request) provenance(in inputs, image string) ([]byte, error) {
	parameters, err := structpb.NewStruct(map[string]any{
		"cmdline": in.enclave.Cmdline(), "enclaveImageName": in.metadata.ImageName, "enclaveImageVersion": in.metadata.ImageVersion,
		"signer": in.signer().reference(), "env": list(r.Env),
	})
	if err != nil {
		return nil, err
	}
	predicate, err := structOf(&slsa.Provenance{
		BuildDefinition: &slsa.BuildDefinition{BuildType: buildType, ExternalParameters: parameters, ResolvedDependencies: in.dependencies()},
		RunDetails:      &slsa.RunDetails{Builder: &slsa.Builder{Id: builderID, Version: map[string]string{"chamber": cmp.Or(r.ToolVersion, "unknown")}}},
	})
	if err != nil {
		return nil, err
	}
	statement := &intoto.Statement{
		Type: intoto.StatementTypeUri, PredicateType: predicateType, Predicate: predicate,
		Subject: []*intoto.ResourceDescriptor{{Name: r.name(in), Digest: map[string]string{"sha256": image}}},
	}
	if err := statement.Validate(); err != nil {
		return nil, err
	}
	return stable(statement)
}

// dependencies are what went in.
func (in inputs) dependencies() []*intoto.ResourceDescriptor {
	recorded := in.recorded()
	all := []*intoto.ResourceDescriptor{resource("supervisor", "", in.supervisor.sha256)}
	for _, d := range []struct{ name, uri, sha256 string }{
		{"kernel", "", recorded.Kernel}, {"init", "", recorded.Init}, {"nsm-module", "", recorded.NSMModule}, {"policy", "", recorded.Policy},
		{"signer", "docker://" + in.signer().reference(), in.signer().sha256()},
	} {
		if d.sha256 != "" {
			all = append(all, resource(d.name, d.uri, d.sha256))
		}
	}
	if revision := setting(in.supervisor.info, "vcs.revision"); revision != "" {
		all = append(all, &intoto.ResourceDescriptor{
			Name: "source", Uri: "git+https://" + in.supervisor.info.Main.Path, Digest: map[string]string{"gitCommit": revision},
		})
	}
	return all
}

func resource(name, uri, sha256 string) *intoto.ResourceDescriptor {
	return &intoto.ResourceDescriptor{Name: name, Uri: uri, Digest: map[string]string{"sha256": sha256}}
}

func setting(info *buildinfo.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func list(items []string) []any {
	all := []any{}
	for _, item := range items {
		all = append(all, item)
	}
	return all
}

func structOf(m proto.Message) (*structpb.Struct, error) {
	b, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var s structpb.Struct
	return &s, protojson.Unmarshal(b, &s)
}

// stable writes JSON with sorted keys: protojson varies its spaces on purpose.
func stable(m proto.Message) ([]byte, error) {
	b, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(value)
	return out.Bytes(), err
}
