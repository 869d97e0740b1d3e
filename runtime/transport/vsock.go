package transport

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/mdlayher/vsock"
)

// Context IDs. They are 32 bits; 1 is the machine itself and 2 the host in the terms of
// KVM.
const (
	// HypervisorCID is what the machine runs on. Nitro's has the console of an enclave
	// in debug mode there.
	HypervisorCID uint32 = 0
	// AnyCID is VMADDR_CID_ANY of Linux: on a listener every CID of this machine,
	// as the CID of a peer whoever it is.
	AnyCID uint32 = 0xFFFFFFFF
	// ParentCID is the parent instance, as its enclaves see it (AWS Nitro Enclaves
	// user guide; Linux's drivers/virt/nitro_enclaves refuses it as an enclave's).
	ParentCID uint32 = 3
)

// VSock is a Link over AF_VSOCK.
type VSock struct {
	// Peer is the CID of the peer. AnyCID lets listeners accept everybody; such a
	// link cannot dial. The zero value is HypervisorCID, which never dials.
	Peer uint32
	// Bind is the CID that listeners bind. Zero means AnyCID, which is right on
	// instances: binding the parent's own CID 3 fails on some (issue 699 of
	// aws-nitro-enclaves-cli).
	Bind uint32
	// DialTimeout limits a dial. Zero means DefaultDialTimeout. The kernel's own
	// limit of 2 s stays.
	DialTimeout time.Duration
	// Logger gets a warning for each connection of a stranger. Nil means none.
	Logger *slog.Logger

	// sockets stands in for the kernel in tests.
	sockets vsockets
}

// vsockets is what VSock needs of the kernel.
type vsockets interface {
	dial(ctx context.Context, cid, port uint32) (Conn, error)
	listen(cid, port uint32) (net.Listener, error)
}

var _ Link = (*VSock)(nil)

// Dial connects to a port of the peer. See [Link].
func (v *VSock) Dial(ctx context.Context, port uint32) (Conn, error) {
	ctx, cancel := dialContext(ctx, v.DialTimeout)
	defer cancel()
	c, err := v.kernel().dial(ctx, v.Peer, port)
	if err != nil {
		return nil, dialError("vsock", &vsock.Addr{ContextID: v.Peer, Port: port}, ErrPortClosed, err)
	}
	return c, nil
}

// Listen opens a port for the peer. See [Link].
func (v *VSock) Listen(_ context.Context, port uint32) (Listener, error) {
	bind := v.Bind
	if bind == 0 {
		bind = AnyCID
	}
	l, err := v.kernel().listen(bind, port)
	if err != nil {
		return nil, listenError(err)
	}
	log := v.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &vsockListener{Listener: l, peer: v.Peer, log: log}, nil
}

func (v *VSock) kernel() vsockets {
	if v.sockets != nil {
		return v.sockets
	}
	return linux{}
}

// vsockListener lets in one peer.
type vsockListener struct {
	net.Listener
	peer      uint32
	log       *slog.Logger
	strangers atomic.Uint64
}

// Accept waits for the next connection of the peer.
func (l *vsockListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.admits(c) {
			return c, err
		}
		l.strangers.Add(1)
		l.log.Warn("closed a connection of a stranger",
			"remote", c.RemoteAddr().String(), "port", l.Port(), "peer", l.peer)
		_ = c.Close()
	}
}

func (l *vsockListener) admits(c net.Conn) bool {
	if l.peer == AnyCID {
		return true
	}
	cid, ok := CID(c.RemoteAddr())
	return ok && cid == l.peer
}

// CID is the machine of an address of [VSock]; false for other addresses.
func CID(addr net.Addr) (uint32, bool) {
	a, ok := addr.(*vsock.Addr)
	if !ok {
		return 0, false
	}
	return a.ContextID, true
}

// Port is the port that is bound.
func (l *vsockListener) Port() uint32 {
	if a, ok := l.Addr().(*vsock.Addr); ok {
		return a.Port
	}
	return AnyPort
}

// Strangers counts the connections that were closed.
func (l *vsockListener) Strangers() uint64 { return l.strangers.Load() }

// linux makes real sockets.
type linux struct{}

func (linux) dial(ctx context.Context, cid, port uint32) (Conn, error) {
	return vsock.DialContext(ctx, cid, port, nil)
}

func (linux) listen(cid, port uint32) (net.Listener, error) {
	return vsock.ListenContextID(cid, port, nil)
}
