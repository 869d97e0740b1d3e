//go:build linux

package nitro

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// consolePortOffset is what a CID and its console's port, at the hypervisor, differ by
// (nitro-cli, CID_TO_CONSOLE_PORT_OFFSET).
const consolePortOffset = 10000

// lastWords is how long a console is read after the end of its enclave: what it wrote last
// says most often why it ended.
const lastWords = 2 * time.Second

// Console implements [launch.Enclave].
func (e *Enclave) Console(ctx context.Context) (io.ReadCloser, error) {
	if !e.info.Debug {
		return nil, launch.ErrNoConsole
	}
	conn, err := e.dial(ctx, e.info.CID+consolePortOffset)
	if err != nil {
		return nil, fmt.Errorf("the console of %s: %w", e.info.ID, err)
	}
	// A connection may stay open without an error when its other end is gone.
	stop := context.AfterFunc(e.alive, func() { _ = conn.SetReadDeadline(time.Now().Add(lastWords)) }) //nolint:contextcheck // the enclave's life, not the call's
	return &console{conn, stop}, nil
}

// console ends some time after its enclave.
type console struct {
	net.Conn
	stop func() bool
}

// Read reports the end of the enclave as the end of what can be read.
func (c *console) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}

// Close ends reading.
func (c *console) Close() error {
	c.stop()
	return c.Conn.Close()
}
