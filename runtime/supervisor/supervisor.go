package supervisor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/metrics"
)

// Supervisor lives once: see [Supervisor.Run].
type Supervisor struct {
	Options
	machine *lifecycle.Machine
	ending  *ending

	mu      sync.Mutex
	session *session // nil before Run
}

// New returns a supervisor in its first state.
func New(o Options) *Supervisor {
	if o.Metrics == nil {
		o.Metrics = NewMetrics("unknown", 0)
	}
	o.Credentials.Logger = o.Log
	if o.Listen == nil {
		o.Listen = forward.ListenTCP
	}
	if o.Dialer == nil {
		o.Dialer = forward.Direct
	}
	if o.Measurements == "" {
		o.Measurements = measurementsOf(o.Config.Enclave.Image)
	}
	if o.TerminationLog == "" {
		o.TerminationLog = contract.TerminationLog
	}
	if o.Timing == (Timing{}) {
		o.Timing = DefaultTiming()
	}
	s := &Supervisor{Options: o, ending: newEnding()}
	s.machine = lifecycle.New(o.Log, func(t lifecycle.Transition) { o.Metrics.Transition(string(t.To)) })
	o.Metrics.Transition(string(s.machine.State()))
	return s
}

// NewMetrics returns metrics that know the supervisor's states. restarts is how often the
// container was started before.
func NewMetrics(version string, restarts int) *metrics.Metrics {
	var states []string
	for _, state := range lifecycle.States() {
		states = append(states, string(state))
	}
	return metrics.New(metrics.Options{Version: version, States: states, Restarts: restarts})
}

// measurementsOf is where an image's measurements are. In the pod's image they have a
// name of their own, elsewhere that which `chamber eif build` gives them.
func measurementsOf(image string) string {
	if image == contract.EnclaveImagePath {
		return contract.MeasurementsPath
	}
	return strings.TrimSuffix(image, filepath.Ext(image)) + ".measurements.json"
}

// Run is the whole life. It returns nil when the supervisor was told to end, by a signal,
// its admin socket or the end of ctx, and a *Failure otherwise. It is called once.
//
// The first signal begins an end in good order, the second one makes it a fast one.
func (s *Supervisor) Run(ctx context.Context, signals <-chan os.Signal) error {
	x := newSession(s)
	s.mu.Lock()
	s.session = x
	s.mu.Unlock()
	stop, err := s.serve(ctx)
	if err != nil {
		s.become(lifecycle.Failed, err.Error())
		s.report(err)
		return err
	}
	defer stop()
	defer context.AfterFunc(ctx, s.ending.first)()
	heard := make(chan struct{})
	defer close(heard)
	go s.hear(signals, heard)
	err = s.live(x) //nolint:contextcheck // ctx tells it to end, and does not cut its end short
	if err != nil {
		s.report(err)
		return err
	}
	s.ending.linger(s.Timing.Linger)
	s.become(lifecycle.Stopped, "told to end")
	return nil
}

// hear turns signals into an end.
func (s *Supervisor) hear(signals <-chan os.Signal, until <-chan struct{}) {
	for again := false; ; again = true {
		select {
		case signal := <-signals:
			s.Log.Info("signal", "signal", signal.String(), "again", again)
			if again {
				s.ending.hurry()
			} else {
				s.ending.first()
			}
		case <-until:
			return
		}
	}
}

// live is the life of the enclave. When it returns, nothing of that is left.
func (s *Supervisor) live(x *session) error {
	err := x.run(s.ending.told)
	if err != nil {
		s.become(lifecycle.Failed, err.Error())
	}
	x.close()
	s.ending.done()
	return err
}

// become makes a transition. One that comes too late is no error: the state is final.
func (s *Supervisor) become(to lifecycle.State, reason string) {
	if err := s.machine.Become(to, reason); err != nil {
		s.Log.Debug("no transition", "error", err)
	}
}

// maxTermination is what kubelet reads of the file (Kubernetes, "Determine the Reason for
// Pod Failure").
const maxTermination = 4096

func (s *Supervisor) report(err error) { WriteTermination(s.Log, s.TerminationLog, err) }

// WriteTermination writes the reason of a failure where kubelet reads it. It makes no
// file: without kubelet there is none.
func WriteTermination(log *slog.Logger, path string, err error) {
	f, openErr := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if openErr != nil {
		log.Debug("no termination message", "error", openErr)
		return
	}
	text := err.Error()
	_, writeErr := f.WriteString(text[:min(len(text), maxTermination)])
	if closeErr := f.Close(); writeErr == nil {
		writeErr = closeErr
	}
	if writeErr != nil {
		log.Warn("the termination message was not written", "error", writeErr)
	}
}
