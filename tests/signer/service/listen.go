package service

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Open opens the two listeners that a configuration names.
func Open(ctx context.Context, c *Config) (api, metrics net.Listener, err error) {
	listen := func(tcp Listen, _ uint32) (net.Listener, error) {
		var config net.ListenConfig
		return config.Listen(ctx, "tcp", tcp.String())
	}
	if c.Fixture.Listen == "vsock" {
		// The parent's CID is not known here, and the only one who can reach an enclave.
		anybody := &transport.VSock{Peer: transport.AnyCID}
		listen = func(_ Listen, port uint32) (net.Listener, error) { return anybody.Listen(ctx, port) }
	}
	ports := c.KeySources.DynamoDB.Enclave
	if api, err = listen(c.Server, ports.VsockPort); err != nil {
		return nil, nil, fmt.Errorf("listening for the API: %w", err)
	}
	if metrics, err = listen(c.Metrics, ports.MetricsVsockPort); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("listening for metrics: %w", err), api.Close())
	}
	return api, metrics, nil
}
