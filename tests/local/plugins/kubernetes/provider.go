package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// version is the SDK's version that this stands in for, which the engine
// compares, with a suffix that says what it is.
const version = "4.23.0+local.stack.test.fixture"

// provider is one instance of the plugin: one provider resource of a program.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	log     logger
	config  config
	cluster *cluster
	// ctx ends when the engine cancels.
	ctx    context.Context //nolint:containedctx // the lifetime of the server
	cancel context.CancelFunc
}

func newProvider(log logger) *provider {
	ctx, cancel := context.WithCancel(context.Background())
	return &provider{log: log, ctx: ctx, cancel: cancel, cluster: newCluster(config{})}
}

// GetPluginInfo tells the version.
func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel ends all waiting.
func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.cancel()
	return &emptypb.Empty{}, nil
}

// Attach is called when a debugger started the plugin.
func (p *provider) Attach(_ context.Context, r *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	p.log = dialEngine(r.GetAddress())
	return &emptypb.Empty{}, nil
}

// bound makes a context that also ends when the engine cancels.
func (p *provider) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

var keep = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

func unmarshal(s *structpb.Struct) (resource.PropertyMap, error) {
	properties, err := plugin.UnmarshalProperties(s, keep)
	if err != nil {
		return nil, fmt.Errorf("reading properties: %w", err)
	}
	return properties, nil
}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(properties, keep)
	if err != nil {
		return nil, fmt.Errorf("writing properties: %w", err)
	}
	return s, nil
}
