package device

import "sync"

// maxQueue is how many packets wait for a guest. What a connection may have on its way
// is bounded by its credit, which is a fraction of this.
const maxQueue = 1 << 14

// The queues of a vsock device.
const (
	receiveQueue = iota
	transmitQueue
	eventQueue
	queues
)

// guest is a driver's side of the switch.
type guest struct {
	net *Switch
	cid uint32

	mu      sync.Mutex
	waiting []packet
	// wake has a token when there is something for the receive queue.
	wake chan struct{}
}

func newGuest(s *Switch, cid uint32) *guest {
	return &guest{net: s, cid: cid, wake: make(chan struct{}, 1)}
}

// enqueue is false when there is no room.
func (g *guest) enqueue(p packet) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) >= maxQueue {
		return false
	}
	g.waiting = append(g.waiting, p)
	signal(g.wake)
	return true
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (g *guest) first() (packet, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		return packet{}, false
	}
	return g.waiting[0], true
}

// sent replaces the first packet by what is left of its data, or drops it.
func (g *guest) sent(rest []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(rest) > 0 {
		g.waiting[0].data = rest
		return
	}
	g.waiting[0] = packet{}
	g.waiting = g.waiting[1:]
}

// transmit takes all that the guest has to send.
func (g *guest) transmit(r *ring) (pushed bool, err error) {
	for {
		c, ok, err := r.pop()
		if err != nil || !ok {
			return pushed, err
		}
		p, err := parsePacket(c.readable)
		if err != nil {
			return pushed, err
		}
		r.push(c.head, 0)
		pushed = true
		g.net.route(g.cid, p)
	}
}

// receive gives the guest what waits for it, as far as it has buffers.
func (g *guest) receive(r *ring) (pushed bool, err error) {
	for {
		p, waits := g.first()
		if !waits {
			return pushed, nil
		}
		c, ok, err := r.pop()
		if err != nil || !ok {
			return pushed, err
		}
		written, rest, err := p.fill(c.writable)
		if err != nil {
			return pushed, err
		}
		r.push(c.head, written)
		pushed = true
		g.sent(rest)
	}
}
