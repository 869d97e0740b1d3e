package supervisor

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

var _ admin.Supervisor = (*Supervisor)(nil)

// Describe implements [admin.Supervisor].
func (s *Supervisor) Describe(context.Context) (admin.Description, error) {
	now := s.machine.Now()
	return admin.Description{
		State: string(now.State), Since: now.Since, Reason: now.Reason, ProcessID: os.Getpid(), Enclave: s.describeEnclave(now.State),
	}, nil
}

func (s *Supervisor) describeEnclave(state lifecycle.State) *admin.Enclave {
	x := s.current()
	if x == nil {
		return nil
	}
	x.mu.Lock()
	enclave := x.enclave
	x.mu.Unlock()
	if enclave == nil {
		return nil
	}
	info := enclave.Info()
	measurements, err := readMeasurements(s.Measurements)
	if err != nil {
		s.Log.Warn("the image's measurements cannot be read", "error", err)
	}
	name := s.Config.Pod.Name
	if name == "" {
		name = info.ID
	}
	return &admin.Enclave{
		Name: name, ID: info.ID, CID: info.CID, CPUs: info.CPUCount, CPUIDs: info.CPUs, MemoryMiB: info.MemoryMiB,
		State: enclaveState(enclave.Done(), state), Debug: info.Debug, Started: info.Started, Measurements: measurements,
		Metadata: s.metadata(),
	}
}

// metadata are the image's; nil when it cannot tell. Nothing depends on them.
func (s *Supervisor) metadata() *eif.Metadata {
	image, err := eif.OpenFile(s.Config.Enclave.Image)
	if err != nil {
		s.Log.Debug("the image cannot be read", "error", err)
		return nil
	}
	defer func() { _ = image.Close() }()
	m, err := image.Metadata()
	if err != nil {
		s.Log.Debug("the image has no metadata", "error", err)
		return nil
	}
	return &m
}

func enclaveState(done <-chan struct{}, state lifecycle.State) admin.EnclaveState {
	select {
	case <-done:
		return admin.EnclaveEmpty
	default:
	}
	if state == lifecycle.Draining || state.Final() {
		return admin.EnclaveTerminating
	}
	return admin.EnclaveRunning
}

// Drain implements [admin.Supervisor]. Once it is over, the supervisor waits a moment for
// its SIGTERM and ends without one.
func (s *Supervisor) Drain(ctx context.Context) error {
	s.Log.Info("drain requested")
	s.ending.drain()
	return s.ending.await(ctx)
}

// Terminate implements [admin.Supervisor]. The supervisor ends with its enclave.
func (s *Supervisor) Terminate(ctx context.Context) error {
	s.Log.Info("termination requested")
	s.ending.hurry()
	return s.ending.await(ctx)
}

// Console implements [admin.Supervisor].
func (s *Supervisor) Console(ctx context.Context) (io.ReadCloser, error) {
	x := s.current()
	if x == nil {
		return nil, errNoEnclave
	}
	x.mu.Lock()
	enclave := x.enclave
	x.mu.Unlock()
	if enclave == nil {
		return nil, errNoEnclave
	}
	return enclave.Console(ctx)
}

var errNoEnclave = errors.New("no enclave has been started yet")

func (s *Supervisor) current() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session
}
