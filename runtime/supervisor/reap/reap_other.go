//go:build !linux

package reap

import (
	"context"
	"time"
)

// Every is how often to look.
const Every = 10 * time.Second

// Run waits for the end of ctx: only Linux has containers.
func Run(ctx context.Context, _ time.Duration) { <-ctx.Done() }
