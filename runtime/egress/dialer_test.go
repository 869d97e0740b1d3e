package egress

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var kms = Endpoint{"kms.example.com", 443}

// room is a network in which addresses answer after a while, or refuse.
type room struct {
	t       *testing.T
	mu      sync.Mutex
	lookups int
	names   []string
	failing error
	// answers says how long an address takes; one that is not in it never answers,
	// one with a negative time refuses.
	answers map[string]time.Duration
	dialed  []string
	open    int
}

func (r *room) dialer(t *testing.T) *Dialer {
	r.t = t
	allow, err := ParseList("egress", []string{kms.String(), "10.0.0.1:443"})
	if err != nil {
		t.Fatal(err)
	}
	return &Dialer{Allow: allow, Lookup: r.lookup, dial: r.dial}
}

func (r *room) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups++
	if _, ok := ctx.Deadline(); !ok {
		r.t.Error("a lookup without a deadline")
	}
	if host != kms.Host {
		r.t.Errorf("lookup of %q", host)
	}
	var addrs []netip.Addr
	for _, n := range r.names {
		addrs = append(addrs, netip.MustParseAddr(n))
	}
	return addrs, r.failing
}

var errRefused = errors.New("refused")

func (r *room) dial(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	r.mu.Lock()
	r.dialed = append(r.dialed, addr.Addr().String())
	answer, ok := r.answers[addr.Addr().String()]
	r.mu.Unlock()
	if answer < 0 {
		return nil, errRefused
	}
	var timer <-chan time.Time
	if ok {
		timer = time.After(answer)
	}
	select {
	case <-timer:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.open++
		return &roomConn{room: r, addr: addr}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type roomConn struct {
	net.Conn
	room *room
	addr netip.AddrPort
	once sync.Once
}

func (c *roomConn) Close() error {
	c.once.Do(func() { c.room.mu.Lock(); c.room.open--; c.room.mu.Unlock() })
	return nil
}

// TestRace has addresses of both families that answer, refuse or are silent.
func TestRace(t *testing.T) {
	const four, six = "192.0.2.1", "2001:db8::1"
	for name, c := range map[string]struct {
		names   []string
		answers map[string]time.Duration
		winner  string
		after   time.Duration
		err     error
	}{
		"the first family wins when both are fast": {[]string{six, four}, map[string]time.Duration{six: 10 * time.Millisecond, four: 0}, six, 10 * time.Millisecond, nil},
		"the second takes over from a silent one":  {[]string{six, four}, map[string]time.Duration{four: time.Millisecond}, four, 301 * time.Millisecond, nil},
		"and from a slow one":                      {[]string{four, six}, map[string]time.Duration{four: time.Second, six: 0}, six, 300 * time.Millisecond, nil},
		"at once from one that refuses":            {[]string{six, four}, map[string]time.Duration{six: -1, four: 0}, four, 0, nil},
		"a slow first one still wins over silence": {[]string{six, four}, map[string]time.Duration{six: time.Second}, six, time.Second, nil},
		"one family, first address silent":         {[]string{"192.0.2.2", four}, map[string]time.Duration{four: 0}, four, 5 * time.Second, nil},
		"mapped addresses are IPv4":                {[]string{"::ffff:192.0.2.1"}, map[string]time.Duration{four: 0}, four, 0, nil},
		"all refuse":                               {[]string{six, four}, map[string]time.Duration{six: -1, four: -1}, "", 0, errRefused},
		"all are silent":                           {[]string{six, four}, nil, "", 10 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &room{names: c.names, answers: c.answers}
				d := r.dialer(t)
				start := time.Now()
				conn, err := d.Dial(t.Context(), kms)
				if !errors.Is(err, c.err) {
					t.Fatalf("dial gave %v; want %v", err, c.err)
				}
				if took := time.Since(start); took != c.after {
					t.Errorf("it took %v; want %v", took, c.after)
				}
				if c.err == nil {
					if got := conn.(*roomConn).addr.Addr().String(); got != c.winner {
						t.Errorf("connected to %s; want %s", got, c.winner)
					}
					_ = conn.Close()
				}
				synctest.Wait()
				if r.open != 0 {
					t.Errorf("%d connections are left open", r.open)
				}
			})
		})
	}
}

// TestLateConnectionIsClosed lets the loser connect in spite of its cancelled context.
func TestLateConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{names: []string{"2001:db8::1", "192.0.2.1"}}
		d := r.dialer(t)
		d.dial = func(_ context.Context, addr netip.AddrPort) (net.Conn, error) {
			if addr.Addr().Is6() {
				time.Sleep(time.Second)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.open++
			return &roomConn{room: r, addr: addr}, nil
		}
		conn, err := d.Dial(t.Context(), kms)
		if err != nil || !conn.(*roomConn).addr.Addr().Is4() {
			t.Fatalf("connected to %v, %v", conn, err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r.open != 1 {
			t.Errorf("%d connections are open; want the winner only", r.open)
		}
	})
}

func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{names: []string{"192.0.2.1"}, answers: map[string]time.Duration{"192.0.2.1": 0, "192.0.2.9": 0}}
		d := r.dialer(t)
		for range 3 {
			dialOK(t, d, "192.0.2.1")
		}
		if r.lookups != 1 {
			t.Errorf("%d lookups for a burst; want 1", r.lookups)
		}
		r.names = []string{"192.0.2.9"}
		time.Sleep(MaxTTL - time.Nanosecond)
		dialOK(t, d, "192.0.2.1")
		time.Sleep(time.Nanosecond)
		dialOK(t, d, "192.0.2.9")
		if r.lookups != 2 || len(d.cache.lookups) != 1 {
			t.Errorf("%d lookups, %d in the cache", r.lookups, len(d.cache.lookups))
		}
	})
}

func dialOK(t *testing.T, d *Dialer, want string) {
	t.Helper()
	c, err := d.Dial(t.Context(), kms)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.(*roomConn).addr.Addr().String(); got != want {
		t.Errorf("connected to %s; want %s", got, want)
	}
	_ = c.Close()
}

// TestFailuresAreNotCached also has an answer without addresses.
func TestFailuresAreNotCached(t *testing.T) {
	r := &room{failing: &net.DNSError{Err: "server misbehaving", Name: kms.Host}, answers: map[string]time.Duration{"192.0.2.1": 0}}
	d := r.dialer(t)
	var dns *net.DNSError
	if _, err := d.Dial(t.Context(), kms); !errors.As(err, &dns) {
		t.Errorf("dial gave %v", err)
	}
	r.failing = nil
	if _, err := d.Dial(t.Context(), kms); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("dial without addresses gave %v", err)
	}
	r.names = []string{"192.0.2.1"}
	dialOK(t, d, "192.0.2.1")
}

// TestSharedLookup gives one of two askers up; the other still gets its answer.
func TestSharedLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{names: []string{"192.0.2.1"}, answers: map[string]time.Duration{"192.0.2.1": 0}}
		d := r.dialer(t)
		d.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			time.Sleep(time.Second)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return r.lookup(ctx, host)
		}
		impatient, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		gaveUp := make(chan error)
		go func() {
			_, err := d.Dial(impatient, kms)
			gaveUp <- err
		}()
		synctest.Wait()
		dialOK(t, d, "192.0.2.1")
		if err := <-gaveUp; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the impatient one got %v", err)
		}
		if r.lookups != 1 {
			t.Errorf("%d lookups; want 1", r.lookups)
		}
	})
}

func TestForbiddenBeforeAnyLookup(t *testing.T) {
	r := &room{}
	d := r.dialer(t)
	for _, e := range []Endpoint{{"evil.example.com", 443}, {kms.Host, 80}, {"192.0.2.1", 443}} {
		if _, err := d.Dial(t.Context(), e); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("dial of %v gave %v", e, err)
		}
	}
	if r.lookups != 0 || len(r.dialed) != 0 {
		t.Errorf("%d lookups, dialed %v", r.lookups, r.dialed)
	}
}

func TestAddressNeedsNoLookup(t *testing.T) {
	r := &room{answers: map[string]time.Duration{"10.0.0.1": 0}}
	c, err := r.dialer(t).Dial(t.Context(), Endpoint{"10.0.0.1", 443})
	if err != nil || r.lookups != 0 {
		t.Fatalf("dial gave %v after %d lookups", err, r.lookups)
	}
	_ = c.Close()
}

// TestRealConnection goes over loopback, without the room.
func TestRealConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	e := Endpoint{"endpoint.example", uint16(l.Addr().(*net.TCPAddr).Port)}
	d := &Dialer{Allow: List{rules: []Endpoint{e}}, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		// Nobody listens on the first: the second is dialed after it.
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, nil
	}}
	c, err := d.Dial(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if c.RemoteAddr().String() != l.Addr().String() {
		t.Errorf("connected to %v", c.RemoteAddr())
	}
	if _, ok := c.(*net.TCPConn); !ok {
		t.Errorf("it is a %T: the bridge cannot half-close it", c)
	}
}
