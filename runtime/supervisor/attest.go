package supervisor

import (
	"context"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// Attest implements [admin.Supervisor]. The document is the enclave's word; nobody here
// verifies it, since whoever can ask here could also answer.
func (s *Supervisor) Attest(ctx context.Context, a control.Attestation) ([]byte, error) {
	if now := s.machine.Now(); now.State != lifecycle.Ready && now.State != lifecycle.Draining {
		return nil, fmt.Errorf("the enclave cannot attest: the supervisor is %s", now.State)
	}
	x := s.current()
	x.mu.Lock()
	client := x.client
	x.mu.Unlock()
	if client == nil { // it was told to end before there was an enclave
		return nil, errNoEnclave
	}
	if err := x.gone(); err != nil {
		return nil, fmt.Errorf("the enclave cannot attest: %w", err)
	}
	// A connection to an enclave that has died can stay open without an error.
	ctx, stop := context.WithTimeout(ctx, s.Timing.Control)
	defer stop()
	within, done := both(ctx, x.ctx)
	defer done()
	document, err := client.Attest(within, a)
	if err != nil {
		return nil, fmt.Errorf("asking the enclave for an attestation document: %w", err)
	}
	return document, nil
}
