package device

import (
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// window is the room for data of a connection, which is what Linux has as well
// (VIRTIO_VSOCK_DEFAULT_BUFFER_SIZE).
const window = 256 << 10

// conn is this process's end of a connection with a guest. Whoever has it in this
// process has the other end of a pair of unix sockets, which know deadlines and half
// closes.
type conn struct {
	net   *Switch
	key   connKey
	inner *net.UnixConn
	// established and gone are closed when the connection becomes so.
	established, gone chan struct{}
	open, end         sync.Once
	sending           sync.Mutex

	mu      sync.Mutex
	changed sync.Cond
	// data has been received and not been read; finished says that no more comes.
	data     [][]byte
	finished bool
	aborted  bool
	// forwarded counts bytes that were read, told what the guest knows of it.
	forwarded, told uint32
	// sent counts bytes; the guest has room for allocated, and has read taken.
	sent, allocated, taken uint32
	// unread is set when the guest does not read any more.
	unread bool
}

func newConn(s *Switch, key connKey) (*conn, transport.Conn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "vsock")
		end, err := net.FileConn(file)
		_ = file.Close()
		if err != nil {
			return nil, nil, err
		}
		ends[i] = end.(*net.UnixConn)
	}
	c := &conn{net: s, key: key, inner: ends[0], established: make(chan struct{}), gone: make(chan struct{})}
	c.changed.L = &c.mu
	return c, ends[1], nil
}

// send sends a packet of the connection, with what the guest may send. What a packet
// says of that must not be older than what the one before it has said.
func (c *conn) send(op operation, flags uint32, data []byte) {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.mu.Lock()
	c.told = c.forwarded
	p := packet{
		from: uint64(HostCID), to: uint64(c.key.cid), fromPort: c.key.port, toPort: c.key.guestPort,
		kind: typeStream, op: op, flags: flags, allocated: window, forwarded: c.told, data: data,
	}
	c.mu.Unlock()
	c.net.deliver(p)
}

// take handles a packet of the guest.
func (c *conn) take(p packet) {
	c.mu.Lock()
	c.allocated, c.taken = p.allocated, p.forwarded
	if p.op == opData && !c.finished {
		c.data = append(c.data, p.data)
	}
	if p.op == opShutdown {
		c.finished = c.finished || p.flags&noSend != 0
		c.unread = c.unread || p.flags&noReceive != 0
	}
	c.stopReading()
	c.changed.Broadcast()
	c.mu.Unlock()
	switch p.op {
	case opRequest:
		c.send(opResponse, 0, nil)
		c.establish()
	case opResponse:
		c.establish()
	case opReset:
		c.drop()
	case opCreditRequest:
		c.send(opCreditUpdate, 0, nil)
	case opShutdown, opData, opCreditUpdate:
	default:
		c.abort()
	}
}

func (c *conn) establish() {
	c.open.Do(func() {
		close(c.established)
		var both sync.WaitGroup
		both.Go(c.write)
		both.Go(c.read)
		go func() {
			both.Wait()
			c.finish()
		}()
	})
}

// patience is how long a guest may take to read the rest, as in Linux
// (VSOCK_CLOSE_TIMEOUT).
const patience = 8 * time.Second

// finish ends a connection when both directions have ended on this side.
func (c *conn) finish() {
	c.mu.Lock()
	known := c.finished && c.unread // both have ended on the guest's side
	c.mu.Unlock()
	if !known {
		c.send(opShutdown, noReceive|noSend, nil)
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-c.gone:
		case <-timer.C:
		}
	}
	c.abort()
}

// drop ends a connection that the guest has ended. What has been received can still be
// read.
func (c *conn) drop() {
	c.mu.Lock()
	c.finished, c.unread = true, true
	c.stopReading()
	c.changed.Broadcast()
	c.mu.Unlock()
	c.leave()
	select {
	case <-c.established:
	default:
		_ = c.inner.Close()
	}
}

func (c *conn) leave() {
	c.end.Do(func() {
		c.net.host.remove(c)
		close(c.gone)
	})
}

// abort ends a connection from this side; the guest is told, if it is there.
func (c *conn) abort() {
	select {
	case <-c.gone: // by the guest, which knows
	default:
		c.send(opReset, 0, nil)
	}
	c.mu.Lock()
	c.aborted = true
	c.changed.Broadcast()
	c.mu.Unlock()
	c.leave()
	_ = c.inner.Close()
}
