//go:build linux

package qemu

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

const (
	// pollEvery is how often the control port is tried.
	pollEvery = 50 * time.Millisecond
	// pollTimeout bounds a try: one that comes before the guest's driver is lost.
	pollTimeout = time.Second
	// heartbeatTimeout is for one byte there and back.
	heartbeatTimeout = 10 * time.Second
)

// heartbeat waits for the guest's sign of life.
type heartbeat struct {
	listener transport.Listener
	// seen is closed when there was a sign of life, of either kind.
	seen chan struct{}
	once sync.Once
	// finished is closed when nobody listens any more.
	finished chan struct{}
}

// listen opens the port before the guest can dial it.
func (e *enclave) listen(ctx context.Context) error {
	listener, err := e.link(0).Listen(ctx, contract.PortHeartbeat)
	if err != nil {
		return fmt.Errorf("listening for the heartbeat: %w", err)
	}
	e.heartbeat = &heartbeat{listener: listener, seen: make(chan struct{}), finished: make(chan struct{})}
	go e.heartbeat.serve()
	return nil
}

// serve takes connections until one of them was a heartbeat.
func (h *heartbeat) serve() {
	defer close(h.finished)
	defer func() { _ = h.listener.Close() }()
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			return
		}
		err = answerHeartbeat(conn)
		_ = conn.Close()
		if err == nil {
			h.note()
			return
		}
	}
}

// answerHeartbeat reads AWS's byte and sends it back, as nitro-cli does.
func answerHeartbeat(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(heartbeatTimeout)); err != nil {
		return err
	}
	one := make([]byte, 1)
	if _, err := io.ReadFull(conn, one); err != nil {
		return err
	}
	if one[0] != contract.HeartbeatByte {
		return fmt.Errorf("the heartbeat is %#x", one[0])
	}
	_, err := conn.Write(one)
	return err
}

// note wakes all that wait for a sign of life.
func (h *heartbeat) note() { h.once.Do(func() { close(h.seen) }) }

func (h *heartbeat) close() {
	_ = h.listener.Close()
	<-h.finished
}

// Booted waits for the first connection to the control port, or for a heartbeat. See the
// package's description.
func (e *enclave) Booted(ctx context.Context) error {
	trying, stop := context.WithCancel(ctx)
	defer stop()
	go e.tryControl(trying)
	select {
	case <-e.heartbeat.seen:
		return nil
	default:
	}
	select {
	case <-e.heartbeat.seen:
		return nil
	case <-e.done:
		return fmt.Errorf("the enclave has ended without a sign of life: %w", cmp.Or(e.err, errEnded))
	case <-ctx.Done():
		return fmt.Errorf("waiting for a sign of life of the enclave: %w", ctx.Err())
	}
}

// tryControl dials the control port until somebody answers.
func (e *enclave) tryControl(ctx context.Context) {
	link := e.link(pollTimeout)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if conn, err := link.Dial(ctx, contract.PortControl); err == nil {
			_ = conn.Close()
			e.heartbeat.note()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-e.heartbeat.seen:
			return
		}
	}
}
