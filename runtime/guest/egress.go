package guest

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// endpoint is where the guest listens for an endpoint, and the parent's port to it.
type endpoint struct {
	egress.Binding
	parentPort uint32
}

// planEgress gives each endpoint its place. The measured policy has allowed them; what
// it refuses besides is a name that would take the place of the enclave itself.
func planEgress(list []control.Egress) ([]endpoint, error) {
	ports := map[egress.Endpoint]uint32{}
	var endpoints []egress.Endpoint
	for i, e := range list {
		text := egress.Endpoint{Host: e.Host, Port: e.Port}.String()
		parsed, err := egress.ParseEndpoint(fmt.Sprintf("egress[%d]", i), text)
		if err != nil {
			return nil, control.Errorf(control.CodeInvalid, "%v", err)
		}
		ports[parsed] = e.ParentPort
		endpoints = append(endpoints, parsed)
	}
	plan, err := egress.Plan(endpoints)
	if err != nil {
		return nil, control.Errorf(control.CodeInvalid, "egress: %v", err)
	}
	bindings := make([]endpoint, len(plan))
	for i, b := range plan {
		bindings[i] = endpoint{b, ports[b.Endpoint]}
	}
	return bindings, nil
}

// openEgress listens for all endpoints and forwards what comes to the parent's ports.
func (g *Guest) openEgress(endpoints []endpoint, link transport.Link) error {
	assigned := map[netip.Addr]bool{}
	for _, e := range endpoints {
		if address := e.Listen.Addr(); e.Assign && !assigned[address] {
			if err := g.Machine.AddLoopback(address); err != nil {
				return fmt.Errorf("giving %s to lo: %w", address, err)
			}
			assigned[address] = true
		}
		if err := g.forward(e, link); err != nil {
			return err
		}
	}
	return nil
}

func (g *Guest) forward(e endpoint, link transport.Link) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(g.ctx, "tcp", e.Listen.String())
	if err != nil {
		return fmt.Errorf("listening for %s: %w", e.Endpoint, err)
	}
	b := &bridge.Bridge{Name: "egress " + e.String(), Logger: g.Log, Dial: func(ctx context.Context) (net.Conn, error) {
		return link.Dial(ctx, e.parentPort)
	}}
	g.running.Go(func() { _ = b.Serve(g.ctx, listener) }) // the bridge logs why it ends
	return nil
}
