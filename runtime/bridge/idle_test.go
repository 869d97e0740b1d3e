package bridge

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose clients are in the same process, where time can be faked.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

// TestOneByteASecond is a client that is slow and not idle, for an hour and one way
// only; then it says nothing, and is cut when the time is over and not before.
func TestOneByteASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, near := net.Pipe()
		far, server := net.Pipe()
		results := make(chan Result, 1)
		b := &Bridge{
			Dial:        func(context.Context) (net.Conn, error) { return far, nil },
			IdleTimeout: 90 * time.Second,
			Observe:     func(r Result) { results <- r },
		}
		l := &pipes{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
		l.conns <- near
		go func() { _ = b.Serve(t.Context(), l) }()
		const hour = 3600
		for range hour {
			send(t, client, "x")
			expect(t, server, "x")
			time.Sleep(time.Second)
		}
		last := time.Now().Add(-time.Second)
		if s := b.Stats(); s.Active != 1 || s.Sent != hour {
			t.Errorf("stats are %+v", s)
		}
		if _, err := server.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // A pipe returns it bare.
			t.Errorf("the server read %v", err)
		}
		if silent := time.Since(last); silent != b.IdleTimeout {
			t.Errorf("cut after %v of silence", silent)
		}
		if r := <-results; r.End != EndIdle || r.Sent != hour {
			t.Errorf("result is %+v", r)
		}
		b.Close()
	})
}
