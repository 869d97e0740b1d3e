package forward

import (
	"context"
	"fmt"
	"net"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Limits of one endpoint. The supervisor has descriptors for all 64 that there can be:
// two for each connection, of the million that containerd allows.
const (
	maxEgressConns = 512
	maxEgressDials = 64
)

// Dial connects to an endpoint.
type Dial func(ctx context.Context, e egress.Endpoint) (net.Conn, error)

// Direct dials by TCP. Each endpoint has a dialer of its own, which allows that endpoint
// alone: whatever reaches its port cannot get anywhere else, and what DNS says of one
// name is no matter for another.
func Direct(e egress.Endpoint) (Dial, error) {
	allowed, err := egress.ParseList(e.String(), []string{e.String()})
	if err != nil {
		return nil, err
	}
	return (&egress.Dialer{Allow: allowed}).Dial, nil
}

// OpenEgress lets the enclave behind the link reach the endpoints, all or none. The
// kernel chooses the parent's ports, for all pods of a node share them; the list says
// which they are, for the bootstrap. dialer makes what connects to an endpoint.
func OpenEgress(ctx context.Context, endpoints []egress.Endpoint, dialer func(egress.Endpoint) (Dial, error), link transport.Link, hooks Hooks) (*Set, []control.Egress, error) {
	s := &Set{hooks: hooks}
	var ports []control.Egress
	for _, e := range endpoints {
		dial, err := dialer(e)
		if err != nil {
			s.abandon()
			return nil, nil, fmt.Errorf("making the way to %s: %w", e, err)
		}
		l, err := link.Listen(ctx, transport.AnyPort)
		if err != nil {
			s.abandon()
			return nil, nil, fmt.Errorf("opening a port of the parent for %s: %w", e, err)
		}
		s.add(&bridge.Bridge{
			Name: e.String(), MaxConns: maxEgressConns, MaxDials: maxEgressDials,
			Dial: func(ctx context.Context) (net.Conn, error) { return dial(ctx, e) },
		}, l)
		ports = append(ports, control.Egress{Host: e.Host, Port: e.Port, ParentPort: l.Port()})
	}
	s.serve(ctx)
	return s, ports, nil
}
