package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
)

// harness calls the plugin as the engine does, with the gRPC encoding of
// properties, against an account of its own.
type harness struct {
	*testing.T
	server *server
	path   string
}

// object is short for the properties of test cases.
type object = map[string]any

func secret(v any) resource.PropertyValue {
	return resource.MakeSecret(resource.NewPropertyValue(v))
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	path := filepath.Join(t.TempDir(), "aws.json")
	seed := awsstate.Cluster{Name: "local", Endpoint: "https://127.0.0.1:6443", CertificateAuthority: "Q0E="}
	if err := awsstate.Seed(path, seed); err != nil {
		t.Fatal(err)
	}
	s, n := newServer(awsstate.Open(path), ""), 0
	s.random = func(digits int) string { // 0…01, 0…02, so that results can be compared
		n++
		return fmt.Sprintf("%0*x", digits, n)
	}
	return &harness{T: t, server: s, path: path}
}

func urn(typ, name string) string {
	return string(resource.NewURN("dev", "project", "", tokens.Type(typ), name))
}

func (h *harness) encode(m resource.PropertyMap) *structpb.Struct {
	h.Helper()
	s, err := marshal(m)
	if err != nil {
		h.Fatal(err)
	}
	return s
}

func (h *harness) decode(s *structpb.Struct) resource.PropertyMap {
	h.Helper()
	m, err := unmarshal(s)
	if err != nil {
		h.Fatal(err)
	}
	return m
}

func (h *harness) check(typ, name string, olds resource.PropertyMap, in object) (resource.PropertyMap, []string) {
	h.Helper()
	r, err := h.server.Check(h.Context(), &pulumirpc.CheckRequest{
		Urn: urn(typ, name), Olds: h.encode(olds), News: h.encode(resource.NewPropertyMapFromMap(in)), RandomSeed: []byte(name),
	})
	if err != nil {
		h.Fatal(err)
	}
	var faults []string
	for _, f := range r.GetFailures() {
		faults = append(faults, f.GetReason())
	}
	return h.decode(r.GetInputs()), faults
}

// made is a resource as the engine remembers it.
type made struct {
	typ, name, id   string
	inputs, outputs resource.PropertyMap
}

func (h *harness) tryCreate(typ, name string, in object) (made, error) {
	h.Helper()
	inputs, faults := h.check(typ, name, nil, in)
	if len(faults) > 0 {
		h.Fatalf("%s: %v", name, faults)
	}
	r, err := h.server.Create(h.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: h.encode(inputs)})
	return made{typ, name, r.GetId(), inputs, h.decode(r.GetProperties())}, err
}

func (h *harness) create(typ, name string, in object) made {
	h.Helper()
	m, err := h.tryCreate(typ, name, in)
	if err != nil {
		h.Fatal(err)
	}
	return m
}

func (h *harness) preview(typ, name string, in object) resource.PropertyMap {
	h.Helper()
	inputs, _ := h.check(typ, name, nil, in)
	r, err := h.server.Create(h.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: h.encode(inputs), Preview: true})
	if err != nil {
		h.Fatal(err)
	}
	return h.decode(r.GetProperties())
}

func (h *harness) tryUpdate(m made, in object, preview bool) (made, error) {
	h.Helper()
	inputs, faults := h.check(m.typ, m.name, m.inputs, in)
	if len(faults) > 0 {
		h.Fatalf("%s: %v", m.name, faults)
	}
	r, err := h.server.Update(h.Context(), &pulumirpc.UpdateRequest{
		Id: m.id, Urn: urn(m.typ, m.name), Olds: h.encode(m.outputs), OldInputs: h.encode(m.inputs),
		News: h.encode(inputs), Preview: preview,
	})
	return made{m.typ, m.name, m.id, inputs, h.decode(r.GetProperties())}, err
}

func (h *harness) update(m made, in object, preview bool) made {
	h.Helper()
	out, err := h.tryUpdate(m, in, preview)
	if err != nil {
		h.Fatal(err)
	}
	return out
}

func (h *harness) delete(m made) error {
	h.Helper()
	_, err := h.server.Delete(h.Context(), &pulumirpc.DeleteRequest{Id: m.id, Urn: urn(m.typ, m.name)})
	return err
}

func (h *harness) invoke(token string, args object) (resource.PropertyMap, error) {
	h.Helper()
	r, err := h.server.Invoke(h.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: h.encode(resource.NewPropertyMapFromMap(args))})
	return h.decode(r.GetReturn()), err
}

// wantError fails unless err's text contains a part; "" wants no error.
func wantError(t *testing.T, err error, part string) {
	t.Helper()
	switch {
	case part == "" && err != nil:
		t.Errorf("unexpected: %v", err)
	case part != "" && (err == nil || !strings.Contains(err.Error(), part)):
		t.Errorf("got %v, want an error with %q", err, part)
	}
}
