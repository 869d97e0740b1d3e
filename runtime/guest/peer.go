package guest

import (
	"context"
	"net"

	"github.com/mdlayher/vsock"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// peerKey is where the context of a call has the CID of its caller.
type peerKey struct{}

// withPeer notes who is at the other end: egress goes to the machine that has sent the
// bootstrap. With Nitro that is always 3, since enclaves reach their parent alone; a
// virtual machine's host is 2.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if a, ok := c.RemoteAddr().(*vsock.Addr); ok {
		return context.WithValue(ctx, peerKey{}, a.ContextID)
	}
	return ctx
}

func peerOf(ctx context.Context) uint32 {
	if cid, ok := ctx.Value(peerKey{}).(uint32); ok {
		return cid
	}
	return transport.ParentCID
}
