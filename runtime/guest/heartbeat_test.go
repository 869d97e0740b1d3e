//go:build linux

package guest

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// heart is a parent that answers the heartbeat with what it is given.
func heart(t *testing.T, answer func(net.Conn)) *fakeLink {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		if conn, err := listener.Accept(); err == nil {
			answer(conn)
			_ = conn.Close()
		}
	}()
	return &fakeLink{ports: map[uint32]string{contract.PortHeartbeat: listener.Addr().String()}}
}

func TestHeartbeat(t *testing.T) {
	got := make(chan byte, 1)
	link := heart(t, func(c net.Conn) {
		one := make([]byte, 1)
		_, _ = io.ReadFull(c, one)
		got <- one[0]
		_, _ = c.Write(one)
	})
	if err := Heartbeat(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	if b := <-got; b != 0xB7 {
		t.Errorf("the parent got %#x", b)
	}
}

func TestHeartbeatFails(t *testing.T) {
	if err := Heartbeat(t.Context(), &fakeLink{}); !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := Heartbeat(t.Context(), heart(t, func(c net.Conn) { _, _ = c.Write([]byte{1}) })); err == nil || !strings.Contains(err.Error(), "0x1") {
		t.Errorf("another byte: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	silent := heart(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 1))
		cancel()
		_, _ = io.ReadFull(c, make([]byte, 1)) // until the guest hangs up
	})
	if err := Heartbeat(ctx, silent); err == nil || !strings.Contains(err.Error(), "echo") {
		t.Errorf("a silent parent: %v", err)
	}
}
