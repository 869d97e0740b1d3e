package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// openPorts lets the host reach TCP ports of this machine by vsock, until the machine
// ends.
func openPorts(ctx context.Context, ports []uint16) error {
	link := transport.VSock{Peer: hostCID}
	for _, port := range ports {
		listener, err := link.Listen(ctx, uint32(port))
		if err != nil {
			return fmt.Errorf("opening port %d for the host: %w", port, err)
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
		b := &bridge.Bridge{Name: address, Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}}
		go func() { _ = b.Serve(ctx, listener) }()
	}
	return nil
}
