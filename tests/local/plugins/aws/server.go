package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstate"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

// version is that of the Go SDK that the examples pin.
const version = "6.83.0"

// defaultRegion is where a program is that names no region: neither in its
// provider nor, as AWS's own tools have it, in $AWS_REGION.
const defaultRegion = "us-east-1"

// server is one provider process: one provider resource of a program.
type server struct {
	serve.Base
	store   *awsstate.Store
	specs   map[string]spec
	invokes map[string]invoke
	region  string
	random  func(digits int) string
}

func newServer(store *awsstate.Store, region string) *server {
	return &server{
		Base:  serve.Base{Name: "aws", Version: version},
		store: store, specs: specs(), invokes: invokes(), random: randomHex,
		region: cmp.Or(region, defaultRegion),
	}
}

// Handshake tells the engine how it may encode properties.
func (s *server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// DiffConfig replaces everything when the region changes, as AWS's provider does.
func (s *server) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	was, is := r.GetOldInputs().GetFields()["region"], r.GetNews().GetFields()["region"]
	if was.GetStringValue() == is.GetStringValue() {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_SOME, Diffs: []string{"region"}, Replaces: []string{"region"},
	}, nil
}

// Configure takes the region; the engine calls it once, before any resource.
func (s *server) Configure(_ context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := unmarshal(r.GetArgs())
	if err != nil {
		return nil, fmt.Errorf("reading the provider's configuration: %w", err)
	}
	if region := plain(args).str("region"); region != "" {
		s.region = region
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// lookup is the table entry of a resource's type.
func (s *server) lookup(urn string) (string, spec, error) {
	typ := string(resource.URN(urn).Type())
	sp, ok := s.specs[typ]
	if !ok {
		return "", spec{}, fmt.Errorf("the local stack's AWS has no %s: add it to the tables in tests/local/plugins/aws (%s)", typ, fileFor(typ))
	}
	return typ, sp, nil
}

func (s *server) account(st *awsstate.State) *account {
	return &account{State: st, region: s.region, random: s.random}
}

func unmarshal(st *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(st, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

func marshal(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}
