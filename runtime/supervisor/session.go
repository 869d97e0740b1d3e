package supervisor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// session is one enclave and all that belongs to it.
type session struct {
	*Supervisor

	// ctx is the life of the enclave's traffic: cut ends it when the enclave ends, and
	// when everything else does. Nothing else may tell: a connection to an enclave that
	// has died can stay open without an error.
	ctx context.Context
	cut context.CancelCauseFunc
	// calls is the life of calls for the status, a little longer: the last one has the
	// payload's exit code.
	calls   context.Context
	endCall context.CancelFunc
	// working are the goroutines that ctx and calls end.
	working sync.WaitGroup
	// relayed is closed when the log stream has ended.
	relayed chan struct{}
	unrelay context.CancelFunc
	// hasten makes the status be asked for more often.
	hasten context.CancelFunc
	hasty  context.Context

	// finished is closed when the enclave or its payload has ended, or is lost; end
	// says how.
	finished chan struct{}

	// first is the first time that the signer was ready.
	first sync.Once

	mu       sync.Mutex
	end      *Failure
	enclave  launch.Enclave
	client   *control.Client
	ingress  *forward.Set
	egress   *forward.Set
	status   control.Status
	answered time.Time
}

// errClosed is the cause of ctx when the supervisor itself has ended the session.
var errClosed = errors.New("the supervisor ends")

func newSession(s *Supervisor) *session {
	x := &session{Supervisor: s, finished: make(chan struct{})}
	x.ctx, x.cut = context.WithCancelCause(context.Background())
	x.calls, x.endCall = context.WithCancel(context.Background())
	x.hasty, x.hasten = context.WithCancel(context.Background())
	return x
}

// run brings the enclave up and returns when it has ended, or was drained since told has.
func (x *session) run(told context.Context) error {
	if err := x.bringUp(told); err != nil {
		if told.Err() == nil {
			return err
		}
		x.become(lifecycle.Draining, "told to end before it was ready")
		return nil
	}
	select {
	case <-x.finished:
		return x.end
	case <-told.Done():
		return x.drain() //nolint:contextcheck // told is over, and its end is where a drain begins
	}
}

// bringUp does one step after the other, until the enclave is ready.
func (x *session) bringUp(ctx context.Context) error {
	if err := x.preflight(ctx); err != nil {
		return err
	}
	if err := x.launch(ctx); err != nil {
		return err
	}
	if err := x.boot(ctx); err != nil {
		return err
	}
	x.become(lifecycle.Bootstrapping, "")
	within, stop := both(ctx, x.ctx)
	defer stop()
	if err := x.introduce(within); err != nil {
		return x.orEnd(err)
	}
	return x.open(within)
}

// finish notes how it has ended. The first reason counts: what follows is its result.
func (x *session) finish(f *Failure) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.end == nil {
		x.end = f
		close(x.finished)
	}
}

// gone says why there is no traffic any more, or nil.
func (x *session) gone() error { return context.Cause(x.ctx) }

// orEnd prefers the end of the enclave to an error that may be its result.
func (x *session) orEnd(err error) error {
	select {
	case <-x.finished:
		return x.end
	default:
		return err
	}
}

// close ends what is left, bridges first, and waits for all of it.
func (x *session) close() {
	x.cut(errClosed)
	for _, set := range []*forward.Set{x.ingress, x.egress} {
		if set != nil {
			set.Close()
		}
	}
	x.awaitRelay()
	x.endEnclave()
	x.endCall()
	x.working.Wait()
	if x.client != nil {
		x.client.Close()
	}
	x.hasten()
}

// endEnclave gives the enclave's CPUs and memory back.
func (x *session) endEnclave() {
	if x.enclave == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), x.Timing.Terminate)
	defer cancel()
	if err := x.enclave.Terminate(ctx); err != nil {
		x.Log.Error("the enclave was not terminated; it ends with this process", "error", err)
	}
}

// both ends with the first of two contexts, and with its cause.
func both(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(a)
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
