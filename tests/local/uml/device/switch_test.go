package device

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// TestBetweenGuests: a packet of the largest size arrives in pieces that fit.
func TestBetweenGuests(t *testing.T) {
	s := &Switch{}
	three, four := serve(t, s, 3), serve(t, s, 4)
	three.setUp(3)
	four.setUp(4)
	sent := somePacket("")
	sent.data = bytes.Repeat([]byte("0123456789abcdef"), maxData/16)
	three.send(sent)
	var got []byte
	for len(got) < maxData {
		p := four.receive()
		got = append(got, p.data...)
		p.data = sent.data
		if diff := cmp.Diff(sent, p, cmp.AllowUnexported(packet{})); diff != "" {
			t.Fatal(diff)
		}
	}
	if !bytes.Equal(got, sent.data) {
		t.Error("other bytes arrived")
	}
	sent.to, sent.data = 9, nil
	three.send(sent) // to nobody, who does not answer
	sent.to, sent.from = 4, 9
	three.send(sent)
	wantTrouble(t, s, "guest 3 has sent a packet as 9")
}

// TestGuestAfterGuest: a context ID is free again when its guest has gone.
func TestGuestAfterGuest(t *testing.T) {
	s := &Switch{}
	first := serve(t, s, 3)
	first.setUp(3)
	if _, err := s.Link(4).Dial(t.Context(), 5); !errors.Is(err, transport.ErrNoPeer) {
		t.Errorf("a guest that is not there: %v", err)
	}
	_ = first.conn.Close()
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		if _, err := s.Link(3).Dial(t.Context(), 5); errors.Is(err, transport.ErrNoPeer) {
			break
		} else if time.Since(begin) > time.Minute {
			t.Fatalf("a guest that has gone: %v", err)
		}
	}
	if trouble := s.Trouble(); len(trouble) > 0 {
		t.Error(trouble)
	}
}

// TestLostDriver: one that is about to end, and has closed its end of a queue already, is
// no trouble.
func TestLostDriver(t *testing.T) {
	s := &Switch{}
	d := serve(t, s, 3)
	d.setUp(3)
	_ = d.calls[receiveQueue].Close()
	d.offer(receiveQueue, memorySize-bufferSize, bufferSize, isWritable)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Link(3).Dial(ctx, 5); !errors.Is(err, transport.ErrPeerSilent) {
		t.Errorf("a guest that does not answer: %v", err)
	}
	if trouble := s.Trouble(); len(trouble) > 0 {
		t.Error(trouble)
	}
}

// TestHostDials goes through a connection of this process's, with both half closes.
func TestHostDials(t *testing.T) {
	s := &Switch{}
	d := serve(t, s, 3)
	d.setUp(3)
	dialed := make(chan transport.Conn, 1)
	go func() {
		conn, err := s.Link(3).Dial(t.Context(), 5)
		if err != nil {
			t.Error(err)
		}
		dialed <- conn
	}()
	request := d.receive()
	if request.op != opRequest || request.from != 2 || request.to != 3 || request.toPort != 5 || request.allocated != window {
		t.Fatalf("the request is %+v", request)
	}
	back := packet{from: 3, to: 2, fromPort: 5, toPort: request.fromPort, kind: typeStream, op: opResponse, allocated: 10}
	d.send(back)
	conn := <-dialed
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("0123456789abc")); err != nil {
		t.Fatal(err)
	}
	if p := d.receive(); p.op != opData || string(p.data) != "0123456789" {
		t.Errorf("the guest has room for 10 bytes, and gets %+v", p)
	}
	back.op, back.forwarded = opCreditUpdate, 10
	d.send(back)
	if p := d.receive(); string(p.data) != "abc" {
		t.Errorf("with room again the guest gets %+v", p)
	}
	_ = conn.CloseWrite()
	if p := d.receive(); p.op != opShutdown || p.flags != noSend {
		t.Errorf("after a half close the guest gets %+v", p)
	}
	back.op, back.data = opData, []byte("answer")
	d.send(back)
	back.op, back.data, back.flags = opShutdown, nil, noSend|noReceive
	d.send(back)
	if answer, err := io.ReadAll(conn); string(answer) != "answer" || err != nil {
		t.Errorf("read %q, %v", answer, err)
	}
	if p := d.receive(); p.op != opReset {
		t.Errorf("at the end the guest gets %+v", p)
	}
}

func TestHostRefused(t *testing.T) {
	s := &Switch{}
	d := serve(t, s, 3)
	d.setUp(3)
	failed := make(chan error, 1)
	go func() {
		_, err := s.Link(3).Dial(t.Context(), 5)
		failed <- err
	}()
	request := d.receive()
	d.send(resetOf(request))
	if err := <-failed; !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("a port that is closed: %v", err)
	}
	stray := packet{from: 3, to: 2, fromPort: 1, toPort: 2, kind: typeStream, op: opData}
	d.send(stray)
	if p := d.receive(); p.op != opReset {
		t.Errorf("a packet of no connection is answered by %+v", p)
	}
}

// TestHostListens: a guest that is lost ends its connections; see the other side of it
// in package vsock.
func TestHostListens(t *testing.T) {
	s := &Switch{}
	d := serve(t, s, 3)
	d.setUp(3)
	listener, err := s.Link(3).Listen(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if _, err := s.Link(3).Listen(t.Context(), 7); err == nil {
		t.Error("a port was taken twice")
	}
	request := packet{from: 3, to: 2, fromPort: 1000, toPort: 7, kind: typeStream, op: opRequest, allocated: window}
	d.send(request)
	if p := d.receive(); p.op != opResponse || p.toPort != 1000 {
		t.Fatalf("the answer to a request is %+v", p)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	request.op, request.data = opData, make([]byte, window/4)
	d.send(request)
	if _, err := io.ReadFull(conn, make([]byte, window/4)); err != nil {
		t.Error(err)
	}
	if p := d.receive(); p.op != opCreditUpdate || p.forwarded != window/4 {
		t.Errorf("after a quarter of the room was used the guest gets %+v", p)
	}
	request.op, request.data = opData, []byte("last")
	d.send(request)
	_ = d.conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection of a lost guest: %v", err)
	}
}
