package egress

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// cache holds the lookups that are under way or fresh.
type cache struct {
	mu      sync.Mutex
	lookups map[string]*lookup
}

// lookup is one question to DNS, for all who ask it at the same time.
type lookup struct {
	done  chan struct{}
	addrs []netip.Addr
	err   error
	until time.Time
}

// resolve returns the addresses of a host, best first. Connections that ask at the
// same time share one lookup, which goes on when one of them gives up. An answer is
// used for MaxTTL, a failure never.
func (d *Dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	l := d.ask(ctx, host)
	select {
	case <-l.done:
		return l.addrs, l.err
	case <-ctx.Done():
		return nil, &net.DNSError{
			UnwrapErr: context.Cause(ctx), Err: context.Cause(ctx).Error(), Name: host, IsTimeout: true, IsTemporary: true,
		}
	}
}

// ask returns the lookup of a host that is under way or fresh, or begins one.
func (d *Dialer) ask(ctx context.Context, host string) *lookup {
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	if l := d.cache.lookups[host]; l != nil && !l.stale(d.clock()) {
		return l
	}
	if d.cache.lookups == nil {
		d.cache.lookups = map[string]*lookup{}
	}
	d.forget()
	l := &lookup{done: make(chan struct{})}
	d.cache.lookups[host] = l
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.timeout())
	go func() {
		defer cancel()
		d.answer(own, host, l)
	}()
	return l
}

func (d *Dialer) answer(ctx context.Context, host string, l *lookup) {
	l.addrs, l.err = d.query(ctx, host)
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	l.until = d.clock().Add(MaxTTL)
	if l.err != nil {
		delete(d.cache.lookups, host)
	}
	close(l.done)
}

// forget drops what is stale, so that a pattern with many names does not fill memory.
func (d *Dialer) forget() {
	for host, l := range d.cache.lookups {
		if l.stale(d.clock()) {
			delete(d.cache.lookups, host)
		}
	}
}

// stale says that a lookup has an answer that must not be used any more. The cache is
// locked.
func (l *lookup) stale(now time.Time) bool { return !l.until.IsZero() && !now.Before(l.until) }

func (d *Dialer) query(ctx context.Context, host string) ([]netip.Addr, error) {
	ask := d.Lookup
	if ask == nil {
		ask = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addrs, err := ask(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, nil
}

func (d *Dialer) clock() time.Time {
	if d.now != nil {
		return d.now()
	}
	return time.Now()
}
