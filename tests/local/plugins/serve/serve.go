// Package serve runs a plugin of the local stack: it tells the engine the port
// and ends with the engine, also when that was killed.
//
// It is part of a test fixture, and has no tracing.
package serve

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"google.golang.org/grpc"
)

// checks is how often a plugin looks whether the engine is still there.
const checks = 2 * time.Second

// Plugin serves until ctx ends or the engine at the address goes away. The
// engine reads the port from the first line of out.
func Plugin(ctx context.Context, engine string, out io.Writer, register func(*grpc.Server)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if engine != "" {
		if err := rpcutil.Healthcheck(ctx, engine, checks, cancel); err != nil {
			return fmt.Errorf("watching the engine at %s: %w", engine, err)
		}
	}
	stop := make(chan bool)
	context.AfterFunc(ctx, func() { close(stop) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		register(s)
		return nil
	}})
	if err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	if _, err := fmt.Fprintln(out, handle.Port); err != nil {
		return fmt.Errorf("telling the engine the port: %w", err)
	}
	return <-handle.Done
}
