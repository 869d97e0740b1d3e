// Package heartbeat waits for the first sign of life of an enclave, on the parent's side.
// It is AWS's protocol (aws-nitro-enclaves-sdk-bootstrap, init/init.c): the enclave's first
// program connects to the parent's port [contract.PortHeartbeat], sends
// [contract.HeartbeatByte] and gets it back.
package heartbeat

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// patience is how long one connection may take. The byte follows the connect at once.
const patience = 10 * time.Second

// Await answers the first heartbeat and returns. It closes the listener in any case. A
// connection that admit refuses is closed without a byte; one that breaks, or brings
// another byte, is closed too, and the next may do better. It fails at the end of ctx,
// with its cause, and when the listener does.
func Await(ctx context.Context, l net.Listener, admit func(net.Conn) bool) error {
	defer func() { _ = l.Close() }()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	var last error
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			discard(c)
			return with(context.Cause(ctx), last)
		}
		if err != nil {
			return with(fmt.Errorf("waiting for the heartbeat: %w", err), last)
		}
		if !admit(c) {
			discard(c)
			continue
		}
		if last = answer(ctx, c); last == nil {
			return nil
		}
	}
}

// answer reads the byte of one connection, sends it back and closes the connection.
func answer(ctx context.Context, c net.Conn) error {
	defer discard(c)
	defer context.AfterFunc(ctx, func() { discard(c) })()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("the heartbeat's connection: %w", err)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(c, b); err != nil {
		return fmt.Errorf("reading the heartbeat: %w", err)
	}
	if b[0] != contract.HeartbeatByte {
		return fmt.Errorf("the heartbeat is %#x; it must be %#x", b[0], contract.HeartbeatByte)
	}
	if _, err := c.Write(b); err != nil {
		return fmt.Errorf("answering the heartbeat: %w", err)
	}
	return nil
}

// with adds what was wrong with the last connection, if there was one.
func with(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", err, last)
}

func discard(c net.Conn) {
	if c != nil {
		_ = c.Close()
	}
}
