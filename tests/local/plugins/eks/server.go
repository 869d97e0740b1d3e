package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

// version is that of the Go SDK that the examples pin.
const version = "3.9.1"

const typeCluster = "eks:index:Cluster"

// server answers the engine; it has components only.
type server struct {
	serve.Base
	engine *grpc.ClientConn
	dir    string // the local stack's
}

// Handshake tells the engine how it may encode properties.
func (s *server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// DiffConfig never has anything to change.
func (s *server) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure needs nothing: the children use the aws provider.
func (s *server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsPreview: true}, nil
}

// Construct makes a component out of resources that it registers with the engine.
func (s *server) Construct(ctx context.Context, r *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return provider.Construct(ctx, r, s.engine, func(
		ctx *pulumi.Context, typ, name string, in provider.ConstructInputs, opts pulumi.ResourceOption,
	) (*provider.ConstructResult, error) {
		if typ != typeCluster {
			return nil, fmt.Errorf("the local stack's pulumi-eks has no %s: add it in tests/local/plugins/eks", typ)
		}
		return construct(ctx, name, in, opts, s.dir)
	})
}
