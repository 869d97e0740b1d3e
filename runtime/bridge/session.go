package bridge

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Why a session is cut from inside.
var (
	errIdle        = errors.New("silent in both directions for too long")
	errNoHalfClose = errors.New("one direction ended, and the other side has no CloseWrite")
)

// session is one client and its connection with the other side. All that ends it
// before its time goes through cancel, which closes both connections at once.
type session struct {
	bridge *Bridge
	client net.Conn
	server net.Conn
	ctx    context.Context
	cancel context.CancelCauseFunc
	// hasTurn says that the session holds one of the places for dials.
	hasTurn bool

	start          time.Time
	dialed         time.Duration
	sent, received atomic.Int64
	// lastMoved is when a byte last moved, as the time since start.
	lastMoved atomic.Int64
	idle      *time.Timer
}

func newSession(ctx context.Context, b *Bridge, client net.Conn) *session {
	s := &session{bridge: b, client: client, start: time.Now()}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	return s
}

// serve does it all: dial, forward, tell.
func (s *session) serve() {
	defer s.bridge.unregister(s)
	defer s.cancel(nil)
	defer context.AfterFunc(s.ctx, func() { abort(s.client) })()
	if err := s.dial(); err != nil {
		abort(s.client)
		s.tell(s.failed(err))
		return
	}
	s.bridge.counters.active.Add(1)
	err := s.forward()
	s.bridge.counters.active.Add(-1)
	s.tell(s.ended(err))
}

// dial gives the session's place among the dials back when it is done.
func (s *session) dial() error {
	if s.hasTurn {
		defer func() { <-s.bridge.dials }()
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.bridge.dialTimeout())
	defer cancel()
	server, err := s.bridge.Dial(ctx)
	s.dialed = time.Since(s.start)
	if err != nil {
		return err
	}
	s.server = server
	return nil
}

// forward copies both ways until both directions have ended. A direction that ends
// with EOF is half-closed on the other side. Where the other side does not read any
// more (EPIPE), only that direction ends: its answer may still be on its way. Any other
// error ends the session, for to close in good order would make a cut stream look whole.
// That holds for ECONNRESET of a write too: Linux reports a reset once, and a read that
// comes after it sees EOF.
func (s *session) forward() error {
	defer context.AfterFunc(s.ctx, func() { abort(s.server) })()
	s.watchIdle()
	defer s.idle.Stop()
	var up, down error
	var both sync.WaitGroup
	both.Go(func() { up = s.oneWay(s.server, s.client, s.movedUp) })
	down = s.oneWay(s.client, s.server, s.movedDown)
	both.Wait()
	err := errors.Join(up, down)
	if s.ctx.Err() != nil {
		// So that both are closed when the session is over: the functions that
		// the context calls may still be about to run.
		abort(s.client)
		abort(s.server)
		return err
	}
	_ = s.client.Close()
	_ = s.server.Close()
	return err
}

func (s *session) oneWay(dst, src net.Conn, moved func(int)) error {
	if err := s.bridge.transfer(dst, src, moved); err != nil {
		if !errors.Is(err, syscall.EPIPE) {
			s.cancel(err)
		}
		return err
	}
	half, ok := dst.(interface{ CloseWrite() error })
	if !ok {
		s.cancel(errNoHalfClose)
		return nil
	}
	// The other side may be gone already; then the way back ends too.
	_ = half.CloseWrite()
	return nil
}

func (s *session) movedUp(n int) {
	s.sent.Add(int64(n))
	s.bridge.counters.sent.Add(uint64(n))
	s.lastMoved.Store(int64(time.Since(s.start)))
}

func (s *session) movedDown(n int) {
	s.received.Add(int64(n))
	s.bridge.counters.received.Add(uint64(n))
	s.lastMoved.Store(int64(time.Since(s.start)))
}

// watchIdle starts one timer for the session, which looks at the clock only when it
// fires: to move a deadline with every read would cost more than the read.
func (s *session) watchIdle() {
	timeout := s.bridge.idleTimeout()
	s.lastMoved.Store(int64(time.Since(s.start)))
	s.idle = time.AfterFunc(math.MaxInt64, func() {
		left := timeout - (time.Since(s.start) - time.Duration(s.lastMoved.Load()))
		if left <= 0 {
			s.cancel(errIdle)
			return
		}
		s.idle.Reset(left)
	})
	if timeout > 0 {
		s.idle.Reset(timeout)
	}
}

// failed says how a session ended whose dial failed.
func (s *session) failed(err error) (End, error) {
	if s.ctx.Err() != nil {
		return EndCut, context.Cause(s.ctx)
	}
	return EndDialFailed, err
}

// ended says how a session that was forwarded came to its end.
func (s *session) ended(err error) (End, error) {
	switch cause := context.Cause(s.ctx); {
	case err == nil && cause == nil, errors.Is(cause, errNoHalfClose):
		return EndClosed, nil
	case errors.Is(cause, errIdle):
		return EndIdle, cause
	case err != nil && (cause == nil || errors.Is(err, cause)):
		return EndBroken, err
	default:
		return EndCut, cause
	}
}

func (s *session) tell(end End, err error) {
	b := s.bridge
	r := Result{
		Bridge: b.Name, End: end, Err: err,
		Sent: s.sent.Load(), Received: s.received.Load(),
		DialTime: s.dialed, Duration: time.Since(s.start),
	}
	level := slog.LevelDebug
	if end == EndDialFailed {
		r.DialError = dialKind(err)
		b.counters.dialFailed(r.DialError)
		level = slog.LevelWarn
	}
	b.counters.ended(end)
	b.log().LogAttrs(context.Background(), level, "connection ended", r.attrs()...)
	if b.Observe != nil {
		b.Observe(r)
	}
}

// abort closes so that the peer sees a reset and cannot take the stream for whole,
// where the transport can say so: a TCP connection with unsent data is dropped.
func abort(c net.Conn) {
	if tcp, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
