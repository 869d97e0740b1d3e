package guest

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// heartbeatTimeout bounds the sign of life. Whoever waits for it has been listening
// since before the enclave was started.
const heartbeatTimeout = 10 * time.Second

// Heartbeat tells the parent that the control channel is there, in the way of AWS's
// init, so that nitro-cli can start our images. Our supervisor needs none: nobody
// listening is an error here and no trouble.
func Heartbeat(ctx context.Context, link transport.Link) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	conn, err := link.Dial(ctx, contract.PortHeartbeat)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	one := []byte{contract.HeartbeatByte}
	if _, err := conn.Write(one); err != nil {
		return fmt.Errorf("sending the heartbeat: %w", err)
	}
	if _, err := io.ReadFull(conn, one); err != nil {
		return fmt.Errorf("waiting for the heartbeat's echo: %w", err)
	}
	if one[0] != contract.HeartbeatByte {
		return fmt.Errorf("the heartbeat came back as %#x", one[0])
	}
	return nil
}
