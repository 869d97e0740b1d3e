package bridge

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a Bridge whose fields are zero.
const (
	// DefaultDialTimeout limits Dial.
	DefaultDialTimeout = 10 * time.Second
	// DefaultIdleTimeout ends a connection that is silent in both directions. It
	// is longer than the idle time of common HTTP clients (90 s in Go's and the
	// AWS SDK's), so that they close first.
	DefaultIdleTimeout = 5 * time.Minute
	// NoIdleTimeout keeps silent connections for ever.
	NoIdleTimeout time.Duration = -1
	// DefaultMaxConns is how many connections there may be at once. Each has two
	// descriptors.
	DefaultMaxConns = 1024
	// DefaultMaxDials is how many dials may be under way at once.
	DefaultMaxDials = 128
)

// Bridge forwards the connections of listeners to what Dial returns. Only Dial is
// required. The fields must not change once Serve has been called.
type Bridge struct {
	// Name is the endpoint in logs and results: "api", "kms.eu-west-1.amazonaws.com:443".
	Name string
	// Dial connects to the other side, once for each connection. Its ctx ends
	// after DialTimeout, or when the connection is cut. Connections need CloseWrite
	// to end one direction; without it, both end with the first.
	Dial func(ctx context.Context) (net.Conn, error)

	// DialTimeout limits Dial. Zero means DefaultDialTimeout.
	DialTimeout time.Duration
	// IdleTimeout ends a connection when no byte was read or written in either
	// direction for so long. A byte that waits for a slow reader does not move.
	// Zero means DefaultIdleTimeout, a negative value none.
	IdleTimeout time.Duration
	// MaxConns limits the connections at once. One more is accepted and reset at
	// once, so that its client knows and does not wait. Zero means DefaultMaxConns.
	MaxConns int
	// MaxDials limits the dials under way. While there are as many, no further
	// connection is accepted and clients wait in the listener's queue. Zero means
	// DefaultMaxDials.
	MaxDials int

	// Observe is called once for each accepted connection when it has ended, from
	// its goroutine. It may be nil.
	Observe func(Result)
	// Logger gets a line for each connection at debug level and for failed dials,
	// the first of several
	// refusals and trouble with a listener at warn level. Never payload. Nil means
	// none.
	Logger *slog.Logger

	counters counters
	// full is set from the first refusal until a connection is let in again: one
	// line in the log for all refusals between.
	full  atomic.Bool
	small sync.Pool
	large sync.Pool
	dials chan struct{}

	mu        sync.Mutex
	listeners map[net.Listener]int // How many calls of Serve have it.
	sessions  map[*session]struct{}
	// drained is there once the bridge was told to stop, and closed when the last
	// listener and the last session are gone.
	drained chan struct{}
	// cutting makes sessions that still come in end at once; cuts counts all that
	// a Shutdown ended.
	cutting bool
	cuts    int
}

func (b *Bridge) dialTimeout() time.Duration { return or(b.DialTimeout, DefaultDialTimeout) }
func (b *Bridge) idleTimeout() time.Duration { return or(b.IdleTimeout, DefaultIdleTimeout) }
func (b *Bridge) maxConns() int              { return or(b.MaxConns, DefaultMaxConns) }
func (b *Bridge) maxDials() int              { return or(b.MaxDials, DefaultMaxDials) }

func (b *Bridge) log() *slog.Logger {
	if b.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return b.Logger.With("bridge", b.Name)
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
