package bridge

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are a bridge's counters since it was made, for metrics. They are read one by
// one and may differ by what happens in between.
type Stats struct {
	// Accepted counts all accepted connections, also those that were refused.
	Accepted uint64
	// AcceptErrors counts passing errors of listeners, such as no descriptors.
	AcceptErrors uint64
	// Open is how many connections there are now, Active how many of them have
	// been dialed.
	Open, Active int
	// Sent and Received count the bytes from clients to the other side and back,
	// also of connections that are still open.
	Sent, Received uint64
	// DialErrors counts failed dials by kind.
	DialErrors map[DialError]uint64
	// Ended counts ended connections by how they ended.
	Ended map[End]uint64
}

// Stats returns the counters as they are now.
func (b *Bridge) Stats() Stats {
	c := &b.counters
	s := Stats{
		Accepted: c.accepted.Load(), AcceptErrors: c.acceptErrors.Load(),
		Active: int(c.active.Load()), Sent: c.sent.Load(), Received: c.received.Load(),
		DialErrors: map[DialError]uint64{}, Ended: map[End]uint64{},
	}
	b.mu.Lock()
	s.Open = len(b.sessions)
	b.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(s.DialErrors, c.dialErrors)
	maps.Copy(s.Ended, c.ends)
	return s
}

type counters struct {
	accepted, acceptErrors, sent, received atomic.Uint64
	active                                 atomic.Int64

	mu         sync.Mutex
	dialErrors map[DialError]uint64
	ends       map[End]uint64
}

func (c *counters) dialFailed(kind DialError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dialErrors == nil {
		c.dialErrors = map[DialError]uint64{}
	}
	c.dialErrors[kind]++
}

func (c *counters) ended(end End) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends == nil {
		c.ends = map[End]uint64{}
	}
	c.ends[end]++
}
