package supervisor

import (
	"context"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/metrics"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/relay"
)

// open makes the pod reachable. Until then its ports refuse connections: a probe and a
// client learn at once that there is nobody, where an open port would keep them waiting.
func (x *session) open(ctx context.Context) error {
	ports := []forward.Port{
		{Name: forward.API, Port: x.Config.Ports.API}, {Name: forward.TLS, Port: x.Config.Ports.TLS},
		{Name: forward.Metrics, Port: x.Config.Ports.Metrics},
	}
	// The context of the ways is the session's: they outlive this call.
	set, err := forward.OpenIngress(x.ctx, ports, x.Listen, x.enclave.Link(), x.hooks(metrics.Ingress)) //nolint:contextcheck // as said
	if err != nil {
		return failure(ExitInternal, err, "the enclave cannot be reached from outside")
	}
	x.mu.Lock()
	x.ingress = set
	x.mu.Unlock()
	x.relay() //nolint:contextcheck // it outlives this call, and the traffic
	x.working.Go(x.watch)
	x.working.Go(func() { _ = x.Credentials.Watch(x.ctx, x.push) }) // it logs what fails
	if err := ctx.Err(); err != nil {
		return err
	}
	x.become(lifecycle.Ready, "the payload has started")
	return nil
}

// push replaces tokens in the enclave.
func (x *session) push(ctx context.Context, files []control.File) error {
	err := x.client.PutFiles(ctx, files)
	x.Metrics.Pushed(err)
	return err
}

// quickly is how often the status is asked for while the payload ends: the enclave waits
// for that question.
const quickly = 50 * time.Millisecond

// watch asks how the guest is until the session ends.
func (x *session) watch() {
	tick := time.NewTicker(x.Timing.Poll)
	defer tick.Stop()
	hasty := x.hasty.Done()
	for {
		status, err := x.statusOnce(x.calls)
		if err == nil {
			x.heard(status)
		} else {
			x.missed(err)
		}
		select {
		case <-tick.C:
		case <-hasty:
			hasty = nil
			tick.Reset(quickly)
		case <-x.ctx.Done():
			return
		}
	}
}

// heard takes an answer in.
func (x *session) heard(status control.Status) {
	x.mu.Lock()
	risen := status.RefusedBootstraps > x.status.RefusedBootstraps
	x.status, x.answered = status, time.Now()
	x.mu.Unlock()
	x.Metrics.Guest(status)
	if risen {
		x.Log.Error("somebody else tries to bootstrap this enclave and was refused: find the pod of this node that may open AF_VSOCK sockets and is no chamber",
			"refused", status.RefusedBootstraps, "node", x.Config.Pod.Node)
	}
	if status.State == control.StateExited {
		x.finish(exited(status))
	}
}

func exited(status control.Status) *Failure {
	if status.Payload == nil || status.Payload.ExitCode == nil {
		return failure(ExitPayload, nil, "the payload was not started; the log has the guest's reason")
	}
	code := *status.Payload.ExitCode
	if code > 128 {
		return failure(ExitPayload, nil, "the payload was ended by signal %d (exit code %d)", code-128, code)
	}
	return failure(ExitPayload, nil, "the payload has ended with exit code %d", code)
}

// missed counts the time without an answer. An enclave that hangs ends no connection, and
// nothing else tells.
func (x *session) missed(err error) {
	x.mu.Lock()
	silent := time.Since(x.answered)
	x.mu.Unlock()
	x.Log.Debug("no answer of the guest", "error", err, "silent", silent)
	if silent > x.Timing.Silent && x.ctx.Err() == nil {
		x.finish(failure(ExitEnclave, err, "the enclave has not answered for %s", silent.Round(time.Second)))
	}
}

// relay hands the enclave's log on until the guest ends it.
func (x *session) relay() {
	x.relayed = make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	x.unrelay = cancel
	if x.LogOutput == nil {
		close(x.relayed)
		return
	}
	lines := relay.Relay{Out: x.LogOutput, Log: x.Log}
	go func() {
		defer close(x.relayed)
		_ = lines.Run(ctx, x.client) // it logs what fails
	}()
}

// awaitRelay lets the last lines come. Of an enclave that is gone nothing comes but what
// is on its way.
func (x *session) awaitRelay() {
	if x.relayed == nil {
		return
	}
	patience := time.NewTimer(x.Timing.LastWords)
	defer patience.Stop()
	gone := x.enclave.Done()
	for waiting := true; waiting; {
		select {
		case <-x.relayed:
			waiting = false
		case <-gone:
			gone = nil
			patience.Reset(min(x.Timing.LastWords, lastBytes))
		case <-patience.C:
			waiting = false
		}
	}
	x.unrelay()
	<-x.relayed
}

// lastBytes is how long bytes of an enclave that is gone may be on their way.
const lastBytes = 300 * time.Millisecond
