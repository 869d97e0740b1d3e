package bridge

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestHalfCloseOfTheClientFirst(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		p := start(t, front, back, nil)
		client, server := p.both(t)
		send(t, client, "request")
		_ = client.CloseWrite()
		expect(t, server, "request")
		expectEOF(t, server)
		send(t, server, "answer")
		_ = server.CloseWrite()
		expect(t, client, "answer")
		expectEOF(t, client)
		if r := p.result(t, 1); r.End != EndClosed || r.Err != nil || r.Sent != 7 || r.Received != 6 {
			t.Errorf("result is %+v", r)
		}
	})
}

func TestHalfCloseOfTheServerFirst(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		p := start(t, front, back, nil)
		client, server := p.both(t)
		send(t, server, "greeting")
		_ = server.CloseWrite()
		expect(t, client, "greeting")
		expectEOF(t, client)
		send(t, client, "still here")
		expect(t, server, "still here")
		_ = client.CloseWrite()
		expectEOF(t, server)
		if r := p.result(t, 1); r.End != EndClosed || r.Sent != 10 || r.Received != 8 {
			t.Errorf("result is %+v", r)
		}
	})
}

// TestStreamArrivesWhole sends random chunks both ways at once.
func TestStreamArrivesWhole(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		p := start(t, front, back, nil)
		client, server := p.both(t)
		want := make(chan [32]byte, 2)
		for i, c := range []halfCloser{client, server} {
			go func() { want <- sendRandom(t, c, uint64(i)) }()
		}
		got := make(chan [32]byte, 2)
		for _, c := range []halfCloser{client, server} {
			go func() { got <- hashOf(t, c) }()
		}
		wants, gots := [][32]byte{<-want, <-want}, [][32]byte{<-got, <-got}
		for _, w := range wants {
			if w != gots[0] && w != gots[1] {
				t.Fatal("a stream arrived changed")
			}
		}
		if r := p.result(t, 1); r.Sent != streamSize || r.Received != streamSize {
			t.Errorf("result is %+v", r)
		}
	})
}

const streamSize = 8 << 20

func sendRandom(t *testing.T, c halfCloser, seed uint64) [32]byte {
	r := rand.New(rand.NewPCG(seed, 1))
	h := sha256.New()
	for left := streamSize; left > 0; {
		chunk := make([]byte, min(left, 1+r.IntN(1<<r.IntN(20))))
		for i := range chunk {
			chunk[i] = byte(r.Uint32())
		}
		h.Write(chunk)
		if _, err := c.Write(chunk); err != nil {
			t.Error(err)
			break
		}
		left -= len(chunk)
	}
	_ = c.CloseWrite()
	return [32]byte(h.Sum(nil))
}

func hashOf(t *testing.T, c net.Conn) [32]byte {
	h := sha256.New()
	if _, err := io.Copy(h, c); err != nil {
		t.Error(err)
	}
	return [32]byte(h.Sum(nil))
}

// TestPeerVanishesMidStream resets one side; a TCP client must not take the stream
// for whole. A unix socket just ends.
func TestPeerVanishesMidStream(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		for _, side := range []string{"client", "server"} {
			p := start(t, front, back, nil)
			client, server := p.both(t)
			send(t, client, "a")
			expect(t, server, "a")
			send(t, server, "b")
			expect(t, client, "b")
			gone, left := client, server
			if side == "server" {
				gone, left = server, client
			}
			send(t, left, "cd")
			expect(t, gone, "c")
			reset(gone)
			_, err := left.Read(make([]byte, 1))
			if _, tcp := left.(*net.TCPConn); tcp && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s vanished: the other side read %v; want a reset", side, err)
			}
			if err == nil {
				t.Errorf("%s vanished: the other side read on", side)
			}
			if r := p.result(t, 1); r.End != EndBroken || r.Err == nil {
				t.Errorf("%s vanished: result is %+v", side, r)
			}
		}
	})
}

// reset closes c so that its peer sees a reset; a unix socket needs data that was not
// read for that.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// TestEarlyAnswer has a server that answers and goes away while the client is still
// sending: the answer must arrive.
func TestEarlyAnswer(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		p := start(t, front, back, nil)
		client, server := p.both(t)
		send(t, client, "x")
		expect(t, server, "x")
		send(t, server, "no thanks")
		_ = server.Close()
		expect(t, client, "no thanks")
		expectEOF(t, client)
		for range 1000 {
			if _, err := client.Write(make([]byte, 1<<10)); err != nil {
				break
			}
		}
		_ = client.Close()
		if r := p.result(t, 1); r.Received != 9 {
			t.Errorf("result is %+v", r)
		}
	})
}

// TestServerThatDoesNotRead may still answer. A unix socket's writer is told at once.
func TestServerThatDoesNotRead(t *testing.T) {
	p := start(t, "tcp", "unix", nil)
	client, server := p.both(t)
	if err := server.(*net.UnixConn).CloseRead(); err != nil {
		t.Fatal(err)
	}
	send(t, client, "never read")
	// So that the bridge has met the error; it passes without the wait too.
	time.Sleep(50 * time.Millisecond)
	send(t, server, "answer")
	_ = server.Close()
	expect(t, client, "answer")
	expectEOF(t, client)
	if r := p.result(t, 1); r.End != EndBroken || !errors.Is(r.Err, syscall.EPIPE) || r.Received != 6 {
		t.Errorf("result is %+v", r)
	}
}

// TestSlowReaderStopsTheSender proves that the bridge holds a bounded amount: the
// sender gets rid of no more than the kernel's socket buffers and ours.
func TestSlowReaderStopsTheSender(t *testing.T) {
	p := start(t, "tcp", "tcp", nil)
	client, server := p.both(t)
	var sent atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for chunk := make([]byte, 64<<10); ; {
			n, err := client.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	stalled := settled(t, &sent)
	// Four socket buffers of at most 6 MiB by Linux's tcp_rmem and tcp_wmem.
	if most := int64(4*6<<20 + 2*largeBuffer); stalled > most {
		t.Fatalf("%d bytes left the client with nobody reading; want at most %d", stalled, most)
	}
	// Once somebody reads, it goes on.
	if _, err := io.CopyN(io.Discard, server, stalled+1); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	<-done
}

// settled waits until a counter stands still.
func settled(t *testing.T, n *atomic.Int64) int64 {
	t.Helper()
	var last int64
	still := 0
	eventually(t, func() bool {
		time.Sleep(10 * time.Millisecond)
		now := n.Load()
		if now != last || now == 0 {
			last, still = now, 0
			return false
		}
		still++
		return still > 20
	})
	return last
}

func TestIdleConnectionEnds(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		p := start(t, front, back, func(b *Bridge) { b.IdleTimeout = 20 * time.Millisecond })
		client, server := p.both(t)
		for _, c := range []net.Conn{client, server} {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("read from an idle connection")
			}
		}
		if r := p.result(t, 1); r.End != EndIdle {
			t.Errorf("result is %+v", r)
		}
	})
}

// TestBuffersGrowWithTheStream holds sizes to what doc.go says.
func TestBuffersGrowWithTheStream(t *testing.T) {
	var b Bridge
	stream := bytes.NewReader(make([]byte, smallBuffer+largeBuffer+smallBuffer+1))
	s := b.source(plainConn{Reader: stream})
	var sizes []int
	for {
		buf, _, err := s.next()
		if err != nil {
			break
		}
		sizes = append(sizes, len(*buf))
		s.release()
	}
	want := []int{smallBuffer, largeBuffer, largeBuffer}
	if len(sizes) != len(want) || sizes[0] != want[0] || sizes[1] != want[1] || sizes[2] != want[2] {
		t.Errorf("buffers of %v; want %v", sizes, want)
	}
}

// plainConn has no descriptor.
type plainConn struct {
	net.Conn
	io.Reader
}

func (c plainConn) Read(b []byte) (int, error) { return c.Reader.Read(b) }
