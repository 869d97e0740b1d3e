package egress

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// attempt is what came of dialing the addresses of one family.
type attempt struct {
	conn net.Conn
	err  error
}

// race dials the addresses of the first family, and those of the other beside them
// after a while or when the first have all failed. The first connection wins; where
// there is none, the error is that of the attempt that failed first.
func (d *Dialer) race(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting := families(addrs)
	attempts := make(chan attempt)
	running := 0
	begin := func() {
		if len(waiting) > 0 {
			go d.try(ctx, waiting[0], port, attempts)
			waiting = waiting[1:]
			running++
		}
	}
	delay := time.NewTimer(fallbackDelay)
	defer delay.Stop()
	var failed error
	for begin(); running > 0; {
		select {
		case <-delay.C:
			begin()
		case a := <-attempts:
			running--
			if a.err == nil {
				go drain(attempts, running)
				return a.conn, nil
			}
			if failed == nil {
				failed = a.err
			}
			begin()
		}
	}
	return nil, failed
}

// try dials one address after the other and sends one attempt.
func (d *Dialer) try(ctx context.Context, addrs []netip.Addr, port uint16, attempts chan<- attempt) {
	var first attempt
	for i, addr := range addrs {
		one, cancel := share(ctx, len(addrs)-i)
		conn, err := d.connect(one, netip.AddrPortFrom(addr, port))
		cancel()
		if err == nil {
			first = attempt{conn: conn}
			break
		}
		if first.err == nil {
			first.err = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	attempts <- first
}

// drain closes connections that came too late.
func drain(attempts <-chan attempt, n int) {
	for range n {
		if a := <-attempts; a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

// families groups addresses by family, in the order in which a family is first seen.
func families(addrs []netip.Addr) [][]netip.Addr {
	var first, second []netip.Addr
	for _, a := range addrs {
		if a.Is4() == addrs[0].Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	if len(second) == 0 {
		return [][]netip.Addr{first}
	}
	return [][]netip.Addr{first, second}
}

// share gives the next of n addresses its part of the time that is left, so that one
// that does not answer leaves time for the others.
func share(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(n))
}
