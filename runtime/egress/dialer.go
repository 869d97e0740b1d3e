package egress

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Limits of a Dialer.
const (
	// DefaultTimeout limits a connection with its lookup.
	DefaultTimeout = 10 * time.Second
	// MaxTTL is how long addresses of a name are used again. It spares the DNS
	// server a burst of connections and no more: AWS's endpoints change their
	// addresses with a TTL of 60 s and less, and Go's resolver does not tell TTLs.
	MaxTTL = 5 * time.Second
	// fallbackDelay is how long the first family has before the second is tried
	// as well, as in package net (RFC 6555).
	fallbackDelay = 300 * time.Millisecond
)

// Dialer connects to allowed endpoints. Names are resolved for each connection, so
// that it follows an endpoint that moves. Only Allow is required; the zero value
// refuses everything.
type Dialer struct {
	// Allow is what may be reached.
	Allow List
	// Timeout limits a connection with its lookup. Zero means DefaultTimeout.
	Timeout time.Duration
	// Lookup returns the addresses of a name, best first. Nil means
	// net.DefaultResolver, which reads the pod's /etc/resolv.conf. Names are looked
	// up as they are written, so that short names of services work.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	// dial stands in for the network in tests, now for the clock.
	dial func(ctx context.Context, addr netip.AddrPort) (net.Conn, error)
	now  func() time.Time

	cache cache
}

// Dial connects to an endpoint by TCP. IPv6 and IPv4 race as in package net: the
// family of the best address has a start of 300 ms. An endpoint that is not allowed
// gives an error that is fs.ErrPermission, before any lookup; other errors are those
// of package net.
func (d *Dialer) Dial(ctx context.Context, e Endpoint) (net.Conn, error) {
	if err := d.Allow.Check(e); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout())
	defer cancel()
	addrs, err := d.resolve(ctx, e.Host)
	if err != nil {
		return nil, err
	}
	return d.race(ctx, addrs, e.Port)
}

func (d *Dialer) connect(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	if d.dial != nil {
		return d.dial(ctx, addr)
	}
	var nd net.Dialer
	return nd.DialContext(ctx, "tcp", addr.String())
}

func (d *Dialer) timeout() time.Duration {
	if d.Timeout > 0 {
		return d.Timeout
	}
	return DefaultTimeout
}
