package supervisor

import (
	"context"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// drain ends the payload so that no request which it has accepted is lost.
//
//   - The pod is not ready at once, and serves on while that gets around.
//   - Then new connections are refused, and those that there are get a moment to end.
//   - Then the payload is told to end. It alone knows where a request ends: it answers
//     those that it has and closes the connections of clients that keep theirs open. A
//     bridge sees only bytes, and would either cut such a client or wait for ever.
//   - What is left when the time is over is cut.
func (x *session) drain() error {
	x.become(lifecycle.Draining, "told to end")
	if f := x.pause(x.ending.fast, x.Timing.Endpoints); f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(x.ending.fast, x.Config.Drain)
	defer cancel()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		cut := x.ingress.Shutdown(ctx)
		x.Log.Info("connections of clients have ended", "cut", cut)
	}()
	if f := x.firstOut(ctx, closed); f != nil {
		cancel() // there is nobody left to answer
		<-closed
		return f
	}
	x.stopPayload(ctx)
	<-closed
	return nil
}

// pause waits. It returns how the enclave ended if it did, which nobody had told it to.
func (x *session) pause(ctx context.Context, d time.Duration) *Failure {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-x.finished:
		return x.end
	}
	return nil
}

// patience is how long connections get to end by themselves: what a drain has beyond the
// time that the signer itself needs, within bounds.
func patience(drain, most time.Duration) time.Duration {
	return min(most, max(drain-contract.SignerDrainSeconds*time.Second, most/5))
}

// firstOut waits for connections that end by themselves.
func (x *session) firstOut(ctx context.Context, closed <-chan struct{}) *Failure {
	most := patience(x.Config.Drain, x.Timing.FirstOut)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return x.pause(ctx, most)
}

// lateGrace is for a payload whose time is over.
const lateGrace = time.Second

// stopPayload tells the payload to end, with all the time that is left, and waits for it.
// When the time is over, or a second signal has come, it gets a second more.
func (x *session) stopPayload(ctx context.Context) {
	x.hasten()
	deadline, _ := ctx.Deadline()
	x.sendStop(time.Until(deadline)) //nolint:contextcheck // ctx is the time for the payload, not for the call
	select {
	case <-x.finished:
	case <-ctx.Done():
		x.sendStop(lateGrace) //nolint:contextcheck // ctx is over
		if f := x.pause(context.WithoutCancel(ctx), lateGrace+x.Timing.LastWords); f == nil {
			x.Log.Warn("the payload has not ended in time; it ends with the enclave")
			return
		}
	}
	x.Log.Info("ended as it was told to", "how", x.end.Reason)
}

// sendStop gives the payload SIGTERM, and SIGKILL after the grace.
func (x *session) sendStop(grace time.Duration) {
	if x.ending.fast.Err() != nil {
		grace = lateGrace
	}
	ctx, cancel := context.WithTimeout(x.ctx, x.Timing.Call)
	defer cancel()
	if err := x.client.Stop(ctx, min(max(grace, lateGrace), control.MaxGrace)); err != nil {
		x.Log.Warn("the payload was not told to end", "error", err)
	}
}
