package guest

import (
	"errors"
	"io"
	"net"
	"testing"
)

// TestLimit: the third of two is closed, and a place that was given back is used again.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &limitListener{Listener: inner, most: 2}
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp4", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	dial()
	first := <-accepted
	dial()
	second := <-accepted
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Error("a third connection was let in")
	} else if !errors.Is(err, io.EOF) {
		t.Logf("the third connection ended with %v", err)
	}
	_ = first.Close()
	_ = first.Close() // twice is once
	dial()
	third := <-accepted
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Error("one close has given two places")
	}
	_, _, _ = second.Close(), third.Close(), inner.Close()
	if _, open := <-accepted; open {
		t.Error("accepted after the end")
	}
	if n := l.active.Load(); n != 0 {
		t.Errorf("%d connections are counted after all are closed", n)
	}
}
