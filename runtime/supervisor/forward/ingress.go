package forward

import (
	"context"
	"fmt"
	"net"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Names of the ways in.
const (
	API     = "api"
	TLS     = "tls"
	Metrics = "metrics"
)

// Port is a way in: a TCP port of the pod and the vsock port of the same number.
type Port struct {
	Name string
	Port uint16
}

// Listen opens a TCP port of the pod.
type Listen func(ctx context.Context, port uint16) (net.Listener, error)

// ListenTCP listens on all addresses of the pod, IPv4 and IPv6.
func ListenTCP(ctx context.Context, port uint16) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
}

// OpenIngress lets clients of the pod reach the enclave, all ports or none.
func OpenIngress(ctx context.Context, ports []Port, listen Listen, link transport.Link, hooks Hooks) (*Set, error) {
	s := &Set{hooks: hooks}
	for _, p := range ports {
		l, err := listen(ctx, p.Port)
		if err != nil {
			s.abandon()
			return nil, fmt.Errorf("opening port %d (%s) of the pod: %w", p.Port, p.Name, err)
		}
		s.add(&bridge.Bridge{Name: p.Name, Dial: func(ctx context.Context) (net.Conn, error) {
			return link.Dial(ctx, uint32(p.Port))
		}}, l)
	}
	s.serve(ctx)
	return s, nil
}
