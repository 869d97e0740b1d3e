package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// figures are what one subject reached with one number of connections.
type figures struct {
	requests   float64 // per second
	p50, p99   float64 // seconds
	throughput float64 // bytes per second
	memory     float64 // bytes for each idle connection
}

// measure takes all figures of a subject with n connections.
func measure(ctx context.Context, o options, s subject, n int) (figures, error) {
	var f figures
	before := s.memory()
	conns, err := s.open(ctx, n)
	if err != nil {
		return f, err
	}
	defer closeAll(conns)
	// One request each proves that the way is through, and warms it.
	if _, err := requests(conns, 0); err != nil {
		return f, err
	}
	f.memory = float64(s.memory()-before) / float64(n)
	began := time.Now()
	times, err := requests(conns, o.duration)
	if err != nil {
		return f, err
	}
	f.requests = float64(len(times)) / time.Since(began).Seconds()
	slices.Sort(times)
	f.p50 = times[len(times)/2].Seconds()
	f.p99 = times[len(times)*99/100].Seconds()
	f.throughput, err = stream(conns, int64(o.megabytes)<<20)
	return f, err
}

// open makes n connections, some at a time.
func (s subject) open(ctx context.Context, n int) ([]net.Conn, error) {
	conns := make([]net.Conn, n)
	return conns, each(n, 32, func(i int) (err error) {
		conns[i], err = s.dial(ctx)
		return err
	})
}

// requests sends one request after the other on each connection, for a while and at
// least one, and returns how long each took.
func requests(conns []net.Conn, duration time.Duration) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	end := time.Now().Add(duration)
	err := each(len(conns), len(conns), func(i int) error {
		var times []time.Duration
		message := newMessage(wantEcho)
		for now := time.Now(); len(times) == 0 || now.Before(end); {
			if _, err := conns[i].Write(message); err != nil {
				return err
			}
			if _, err := io.ReadFull(conns[i], message); err != nil {
				return fmt.Errorf("connection %d of %d: %w", i+1, len(conns), err)
			}
			then := time.Now()
			times = append(times, then.Sub(now))
			now = then
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, times...)
		return nil
	})
	return all, err
}

func newMessage(want byte) []byte {
	m := make([]byte, messageSize)
	m[0] = want
	return m
}

// stream sends size bytes over all connections together and waits until the server
// has them all.
func stream(conns []net.Conn, size int64) (float64, error) {
	n := len(conns)
	began := time.Now()
	err := each(n, n, func(i int) error {
		if _, err := conns[i].Write(newMessage(wantSink)); err != nil {
			return err
		}
		chunk := make([]byte, 64<<10)
		for left := size / int64(n); left > 0; {
			k, err := conns[i].Write(chunk[:min(left, int64(len(chunk)))])
			if err != nil {
				return err
			}
			left -= int64(k)
		}
		if err := conns[i].(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return err
		}
		_, err := io.ReadFull(conns[i], chunk[:1])
		return err
	})
	return float64(size) / time.Since(began).Seconds(), err
}

// each calls f for 0 to n-1, some at a time, and returns the first error.
func each(n, atOnce int, f func(int) error) error {
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	turns := make(chan struct{}, atOnce)
	for i := range n {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			if err := f(i); err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	wg.Wait()
	return first
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
}
