package guest

import (
	"context"
	"net"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/ingress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// openIngress lets the parent reach the payload.
func (g *Guest) openIngress(link transport.Link) {
	f := &ingress.Forwarder{
		Ports: g.Ports, Listening: g.Listening, Log: g.Log,
		Listen: func(ctx context.Context, port uint32) (net.Listener, error) { return link.Listen(ctx, port) },
	}
	g.running.Go(func() { f.Run(g.ctx) })
}
