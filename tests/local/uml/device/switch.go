// Package device is the vsock device of several guests and the switch between them:
// what a hypervisor is to a parent instance and its enclaves. A guest's driver, such as
// User Mode Linux's virtio_uml, connects to a unix socket (vhost-user); its packets go
// to the guest with the context ID that they name, or to this process, which is
// context 2.
//
// What happens to a connection when its other end disappears is up to the kernels: as
// on Nitro, nobody tells them. A packet to a context ID without a guest is lost.
//
// vhost-device-vsock of rust-vmm is the same for virtual machines, and was tried first.
// Version 0.3.0 hands on packets between guests as they are, up to 64 KiB, into buffers
// of Linux's 4 KiB: larger ones are lost and their connection hangs. And it takes half
// closes for full ones.
package device

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// HostCID is this process, as guests see it.
const HostCID uint32 = 2

// Switch joins guests. The zero value is ready.
type Switch struct {
	mu     sync.Mutex
	guests map[uint32]*guest
	host   host
	// trouble is what went wrong, for people.
	trouble []error
}

// Serve is the device of the guests with this context ID, one after the other, until the
// context ends. A driver connects to the listener, which is closed at the end.
func (s *Switch) Serve(ctx context.Context, listener *net.UnixListener, cid uint32) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		conn, err := listener.AcceptUnix()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			_ = listener.Close()
			return err
		}
		s.serve(ctx, conn, cid)
	}
}

// serve is the device of one guest.
func (s *Switch) serve(ctx context.Context, conn *net.UnixConn, cid uint32) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	g := newGuest(s, cid)
	s.mu.Lock()
	if s.guests == nil {
		s.guests = map[uint32]*guest{}
	}
	s.guests[cid] = g
	s.mu.Unlock()
	session := &session{peer: newPeer(conn), guest: g}
	err := session.run()
	s.mu.Lock()
	delete(s.guests, cid)
	s.mu.Unlock()
	s.host.leave(cid)
	if err != nil && ctx.Err() == nil {
		s.note(fmt.Errorf("guest %d: %w", cid, err))
	}
}

// maxTrouble bounds what is kept for people.
const maxTrouble = 100

func (s *Switch) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.trouble) < maxTrouble {
		s.trouble = append(s.trouble, err)
	}
}

// Trouble is what went wrong so far.
func (s *Switch) Trouble() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error{}, s.trouble...)
}

// route hands on a packet that a guest has sent.
func (s *Switch) route(cid uint32, p packet) {
	if p.from != uint64(cid) {
		s.note(fmt.Errorf("guest %d has sent a packet as %d", cid, p.from))
		return
	}
	if p.to == uint64(HostCID) {
		s.host.take(s, p)
		return
	}
	s.deliver(p)
}

// deliver puts a packet into its guest's queue.
func (s *Switch) deliver(p packet) {
	s.mu.Lock()
	g := s.guests[uint32(p.to)]
	s.mu.Unlock()
	if g == nil || p.to>>32 != 0 {
		return
	}
	if !g.enqueue(p) {
		s.note(fmt.Errorf("a packet from %d to %d was lost: %d wait there already", p.from, p.to, maxQueue))
	}
}
