package serve

import (
	"context"
	"encoding/json"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Base answers what is the same in every plugin that has little to say about
// itself. Embed it, and answer the rest.
type Base struct {
	pulumirpc.UnimplementedResourceProviderServer

	// Name is the Pulumi package.
	Name string
	// Version is that of the Go SDK which the examples pin.
	Version string
}

// GetPluginInfo tells the version of the SDKs that the plugin is made for.
func (b *Base) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: b.Version}, nil
}

// Attach has nothing to do: a plugin learns the engine's address when it starts.
func (*Base) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel has nothing to do: no call takes long.
func (*Base) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetSchema has no resources: the typed SDKs do not ask for any.
func (b *Base) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": b.Name, "version": b.Version})
	return &pulumirpc.GetSchemaResponse{Schema: string(schema)}, err
}

// CheckConfig takes any configuration as it is.
func (*Base) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}
