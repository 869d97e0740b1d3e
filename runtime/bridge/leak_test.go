package bridge

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestNothingLeaks lets 10,000 connections come and go in all the ways in which they
// do, 64 at a time.
func TestNothingLeaks(t *testing.T) {
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Skip("needs /proc/self/fd: ", err)
	}
	total := 10_000
	if testing.Short() {
		total = 1000
	}
	onEachPair(t, func(t *testing.T, front, back string) {
		goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)
		p := start(t, front, back, func(b *Bridge) { b.MaxConns = 60 })
		go echoAll(p.back)
		var next atomic.Int64
		var clients sync.WaitGroup
		for range 64 {
			clients.Go(func() {
				for i := next.Add(1); i <= int64(total); i = next.Add(1) {
					visit(t, p.front.Addr(), i)
				}
			})
		}
		clients.Wait()
		eventually(t, func() bool { return p.Stats().Accepted == uint64(total) })
		p.Close()
		_ = p.back.Close()
		s := p.Stats()
		var ended uint64
		for _, n := range s.Ended {
			ended += n
		}
		if s.Open != 0 || s.Active != 0 || ended != uint64(total) {
			t.Errorf("stats are %+v; want %d ended", s, total)
		}
		eventually(t, func() bool {
			return runtime.NumGoroutine() <= goroutines && countDescriptors(t) <= descriptors
		})
	})
}

// visit is one client. Most behave, some reset, some vanish half-way, some say nothing.
func visit(t *testing.T, addr net.Addr, i int64) {
	c, err := net.Dial(addr.Network(), addr.String())
	if errors.Is(err, syscall.ECONNRESET) {
		return // Beyond the limit, and told so before connect returned.
	}
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	if i%7 == 0 {
		return
	}
	if _, err := c.Write(make([]byte, 1+i%4096)); err != nil || i%5 == 0 {
		reset(c)
		return
	}
	_ = c.(halfCloser).CloseWrite()
	// Beyond the limit it is a reset.
	_, _ = io.Copy(io.Discard, c)
}

func echoAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
	}
}

func countDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
