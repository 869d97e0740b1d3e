package guest

import (
	"context"
	"net"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/ingress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// lastBytes is how long connections of the parent outlive the payload.
const lastBytes = 500 * time.Millisecond

// openIngress lets the parent reach the payload.
func (g *Guest) openIngress(link transport.Link) {
	f := &ingress.Forwarder{
		Ports: g.Ports, Listening: g.Listening, Log: g.Log,
		Listen: func(ctx context.Context, port uint32) (net.Listener, error) { return link.Listen(ctx, port) },
	}
	ctx, cut := context.WithCancel(g.ctx)
	g.running.Go(func() { f.Run(ctx) })
	g.running.Go(func() {
		defer cut()
		select {
		case <-g.payload.Done():
		case <-g.ctx.Done():
			return
		}
		// Its last answers may be under way. After that nobody is left to end a
		// connection of which the parent waits for the end.
		select {
		case <-time.After(lastBytes):
		case <-g.ctx.Done():
		}
	})
}
