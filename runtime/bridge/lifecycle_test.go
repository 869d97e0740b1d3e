package bridge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestEnclaveDies cancels the context with its cause: everything ends at once, on
// both sides, though no kernel reported anything.
func TestEnclaveDies(t *testing.T) {
	onEachPair(t, func(t *testing.T, front, back string) {
		p := start(t, front, back, nil)
		var conns []net.Conn
		for range 10 {
			client, server := p.both(t)
			conns = append(conns, client, server)
		}
		eventually(t, func() bool { return p.Stats().Active == 10 })
		died := errors.New("the enclave died")
		p.stop(died)
		if err := <-p.served; !errors.Is(err, died) {
			t.Errorf("Serve returned %v; want the cause", err)
		}
		if s := p.Stats(); s.Open != 0 || s.Ended[EndCut] != 10 {
			t.Errorf("stats are %+v", s)
		}
		for _, c := range conns {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("a connection outlived the enclave")
			}
		}
		if r := p.result(t, 1); !errors.Is(r.Err, died) {
			t.Errorf("result is %+v", r)
		}
		if _, err := net.Dial(p.front.Addr().Network(), p.front.Addr().String()); err == nil {
			t.Error("the listener is still there")
		}
	})
}

func TestCutDuringDial(t *testing.T) {
	dialing := make(chan struct{})
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		b.Dial = func(ctx context.Context) (net.Conn, error) {
			close(dialing)
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	client := p.client(t)
	<-dialing
	p.stop(nil)
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("client read %v; want a reset", err)
	}
	if r := p.result(t, 1); r.End != EndCut {
		t.Errorf("result is %+v", r)
	}
}

func TestShutdownWaitsForRequests(t *testing.T) {
	p := start(t, "tcp", "tcp", nil)
	client, server := p.both(t)
	send(t, client, "request")
	expect(t, server, "request")
	cut := make(chan int)
	go func() { cut <- p.Shutdown(context.Background()) }()
	if err := <-p.served; err != nil {
		t.Errorf("Serve returned %v after Shutdown", err)
	}
	send(t, server, "answer")
	expect(t, client, "answer")
	_ = client.Close()
	_ = server.Close()
	if n := <-cut; n != 0 {
		t.Errorf("Shutdown cut %d connections that ended by themselves", n)
	}
	if err := p.Serve(t.Context(), listen(t, "tcp")); !errors.Is(err, ErrStopped) {
		t.Errorf("Serve after Shutdown returned %v", err)
	}
}

func TestShutdownCutsWhatIsLeft(t *testing.T) {
	p := start(t, "tcp", "tcp", nil)
	client, _ := p.both(t)
	other, server := p.both(t)
	eventually(t, func() bool { return p.Stats().Active == 2 })
	_ = other.Close()
	_ = server.Close()
	p.result(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if n := p.Shutdown(ctx); n != 1 {
		t.Errorf("Shutdown cut %d connections; want the one that was open", n)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("client read %v; want a reset", err)
	}
	if r := p.result(t, 2); r.End != EndCut || !errors.Is(r.Err, errDrained) {
		t.Errorf("result is %+v", r)
	}
}

// TestOneOfTwoListenersEnds cuts the connections of one call of Serve and no others.
func TestOneOfTwoListenersEnds(t *testing.T) {
	p := start(t, "tcp", "tcp", nil)
	client, server := p.both(t)
	second := listen(t, "unix")
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- p.Serve(ctx, second) }()
	c, err := net.Dial("unix", second.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other := guarded(t, c)
	p.server(t)
	cancel()
	if err := <-served; !errors.Is(err, context.Canceled) {
		t.Errorf("Serve returned %v", err)
	}
	if _, err := other.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlived its context")
	}
	send(t, client, "still here")
	expect(t, server, "still here")
}

// TestShutdownWhileClientsCome counts right and loses nobody while connections are
// accepted: after Shutdown nothing is left.
func TestShutdownWhileClientsCome(t *testing.T) {
	for range 50 {
		p := start(t, "tcp", "tcp", nil)
		go echoAll(p.back)
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() { _ = firstRead(p.front.Addr()) })
		}
		eventually(t, func() bool { return p.Stats().Accepted > 0 })
		cut := p.Close()
		s := p.Stats()
		if s.Open != 0 || uint64(cut) != s.Ended[EndCut] {
			t.Fatalf("%d were cut; stats are %+v", cut, s)
		}
		clients.Wait()
	}
}

// TestShutdownOfNothing also comes twice.
func TestShutdownOfNothing(t *testing.T) {
	var b Bridge
	if b.Shutdown(t.Context()) != 0 || b.Close() != 0 {
		t.Error("connections were cut that never were")
	}
}

// TestRefusalAtTheLimit resets one connection too many, leaves the others alone, and
// accepts again once one has ended.
func TestRefusalAtTheLimit(t *testing.T) {
	var log syncBuffer
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		b.MaxConns = 2
		b.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	client, server := p.both(t)
	p.both(t)
	for range 3 {
		if err := firstRead(p.front.Addr()); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read %v beyond the limit; want a reset", err)
		}
	}
	if r := p.result(t, 1); r.End != EndRefused {
		t.Errorf("result is %+v", r)
	}
	send(t, client, "still here")
	expect(t, server, "still here")
	_ = client.Close()
	_ = server.Close()
	eventually(t, func() bool { return p.Stats().Open == 1 })
	p.both(t)
	if s := p.Stats(); s.Ended[EndRefused] != 3 || s.Accepted != 6 {
		t.Errorf("stats are %+v", s)
	}
	if n := strings.Count(log.String(), "refusing connections"); n != 1 {
		t.Errorf("%d lines for refusals in a row; want 1:\n%s", n, log.String())
	}
}

// firstRead connects and reads. A reset may come before connect returns.
func firstRead(addr net.Addr) error {
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, err = c.Read(make([]byte, 1))
	return err
}

// TestDialsInTurn lets no more connections in than may be dialed.
func TestDialsInTurn(t *testing.T) {
	release := make(chan struct{})
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		b.MaxDials = 2
		dial := b.Dial
		b.Dial = func(ctx context.Context) (net.Conn, error) {
			<-release
			return dial(ctx)
		}
	})
	backend := make(chan net.Conn)
	go func() {
		for {
			c, err := p.back.Accept()
			if err != nil {
				return
			}
			backend <- c
		}
	}()
	for range 8 {
		p.client(t)
	}
	// Two are dialed, one is accepted and waits for its turn, five are in the queue.
	eventually(t, func() bool { return p.Stats().Accepted >= 3 })
	time.Sleep(20 * time.Millisecond)
	if s := p.Stats(); s.Accepted != 3 || s.Open != 3 {
		t.Errorf("stats are %+v; want 3 accepted", s)
	}
	close(release)
	for range 8 {
		guarded(t, <-backend)
	}
}

// TestDialFailureIsNoOneElsesBusiness has every second dial fail.
func TestDialFailureIsNoOneElsesBusiness(t *testing.T) {
	var mu sync.Mutex
	fail := false
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		dial := b.Dial
		b.Dial = func(ctx context.Context) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			if fail {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			return dial(ctx)
		}
	})
	set := func(f bool) { mu.Lock(); fail = f; mu.Unlock() }
	client, server := p.both(t)
	set(true)
	if err := firstRead(p.front.Addr()); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %v after a failed dial; want a reset", err)
	}
	if r := p.result(t, 1); r.End != EndDialFailed || r.DialError != DialRefused {
		t.Errorf("result is %+v", r)
	}
	set(false)
	send(t, client, "fine")
	expect(t, server, "fine")
	p.both(t)
	if s := p.Stats(); s.DialErrors[DialRefused] != 1 {
		t.Errorf("stats are %+v", s)
	}
}

func TestDialTimeout(t *testing.T) {
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		b.DialTimeout = 10 * time.Millisecond
		b.Dial = func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	_ = firstRead(p.front.Addr())
	if r := p.result(t, 1); r.End != EndDialFailed || r.DialError != DialTimeout || r.DialTime == 0 {
		t.Errorf("result is %+v", r)
	}
}

// flaky fails to accept a few times.
type flaky struct {
	net.Listener
	errs chan error
}

func (f *flaky) Accept() (net.Conn, error) {
	select {
	case err := <-f.errs:
		return nil, err
	default:
		return f.Listener.Accept()
	}
}

func TestAcceptErrors(t *testing.T) {
	p := start(t, "tcp", "tcp", nil)
	f := &flaky{Listener: listen(t, "tcp"), errs: make(chan error, 3)}
	f.errs <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
	f.errs <- &net.OpError{Op: "accept", Err: syscall.ECONNABORTED}
	served := make(chan error)
	go func() { served <- p.Serve(t.Context(), f) }()
	c, err := net.Dial("tcp", f.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	guarded(t, c)
	server := p.server(t)
	if s := p.Stats(); s.AcceptErrors != 2 {
		t.Errorf("stats are %+v", s)
	}
	broken := errors.New("the listener broke")
	f.errs <- broken
	second, err := net.Dial("tcp", f.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if err := <-served; !errors.Is(err, broken) {
		t.Errorf("Serve returned %v", err)
	}
	// The connections go on.
	send(t, c, "x")
	expect(t, server, "x")
}

// whole hides CloseWrite.
type whole struct{ net.Conn }

// TestNoHalfClose ends both directions when one side cannot end one.
func TestNoHalfClose(t *testing.T) {
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		dial := b.Dial
		b.Dial = func(ctx context.Context) (net.Conn, error) {
			c, err := dial(ctx)
			return whole{c}, err
		}
	})
	client, server := p.both(t)
	send(t, client, "all")
	_ = client.CloseWrite()
	expect(t, server, "all")
	expectEOF(t, server)
	if r := p.result(t, 1); r.End != EndClosed || r.Sent != 3 {
		t.Errorf("result is %+v", r)
	}
}

// TestNoPayloadInLogs sends a secret through and breaks the connection.
func TestNoPayloadInLogs(t *testing.T) {
	var log syncBuffer
	p := start(t, "tcp", "tcp", func(b *Bridge) {
		b.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	client, server := p.both(t)
	send(t, client, "hunter2")
	expect(t, server, "hunter2")
	reset(server)
	p.result(t, 1)
	if text := log.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "sent=7") {
		t.Errorf("log is %s", text)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestWriteErrorIsNoEnd(t *testing.T) {
	if err := writeError(io.EOF); errors.Is(err, io.EOF) || !errors.Is(err, syscall.ENOTCONN) {
		t.Errorf("io.EOF of a write became %v", err)
	}
}
