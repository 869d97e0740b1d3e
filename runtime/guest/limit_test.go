package guest

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// limited is a listener for so many connections, with what it has let in.
type limited struct {
	*limitListener
	t        *testing.T
	accepted chan *limitedConn
}

func newLimited(t *testing.T, most int) *limited {
	t.Helper()
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &limited{&limitListener{Listener: inner, most: most}, t, make(chan *limitedConn)}
	go func() {
		defer close(l.accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			l.accepted <- conn.(*limitedConn)
		}
	}()
	return l
}

// dial returns both ends of a connection that was let in.
func (l *limited) dial() (outside net.Conn, inside *limitedConn) {
	l.t.Helper()
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = conn.Close() })
	return conn, <-l.accepted
}

// wantOpen: a byte gets through, or the end does.
func wantOpen(t *testing.T, name string, outside net.Conn, inside *limitedConn, open bool) {
	t.Helper()
	_, _ = inside.Write([]byte("x"))
	_ = outside.SetReadDeadline(time.Now().Add(deadline))
	b := make([]byte, 1)
	if _, err := io.ReadFull(outside, b); (err == nil && bytes.Equal(b, []byte("x"))) != open {
		t.Errorf("%s: open is %v, want %v: %v", name, !open, open, err)
	}
}

// TestLimitEvicts: the oldest stranger goes, whoever has shown the token stays.
func TestLimitEvicts(t *testing.T) {
	l := newLimited(t, 3)
	firstOut, first := l.dial()
	secondOut, second := l.dial()
	thirdOut, third := l.dial()
	first.trust(true)
	fourthOut, fourth := l.dial()
	wantOpen(t, "the oldest, which is trusted", firstOut, first, true)
	wantOpen(t, "the oldest stranger", secondOut, second, false)
	second.trust(true) // too late
	_ = second.Close()
	wantOpen(t, "the next", thirdOut, third, true)
	wantOpen(t, "the new one", fourthOut, fourth, true)
	first.trust(false)
	_, fifth := l.dial()
	wantOpen(t, "the third, now the oldest", thirdOut, third, false)
	wantOpen(t, "the first, which counts as new", firstOut, first, true)
	for _, c := range []*limitedConn{first, fourth, fifth} {
		c.trust(true)
		c.trust(true) // twice is once
	}
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(deadline))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("all have shown the token, and a fourth was let in")
	}
	_ = fourth.Close()
	_ = fourth.Close() // twice is once
	_, sixth := l.dial()
	_ = l.Close()
	if _, open := <-l.accepted; open {
		t.Error("accepted after the end")
	}
	for _, c := range []*limitedConn{first, third, fifth, sixth} {
		_ = c.Close()
	}
	if l.trusted != 0 || l.strangers.Len() != 0 {
		t.Errorf("%d trusted and %d strangers are counted after all are closed", l.trusted, l.strangers.Len())
	}
}
