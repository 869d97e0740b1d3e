package supervisor

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// livez says whether the supervisor is worth keeping.
func (s *Supervisor) livez(w http.ResponseWriter, _ *http.Request) {
	state := s.machine.State()
	if state == lifecycle.Failed {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintf(w, "state: %s\n", state)
}

// readyz says whether clients should come, and which of its three conditions is missing.
// The signer is asked last: of an enclave that is not there nothing is to be expected.
func (s *Supervisor) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

func (s *Supervisor) ready(ctx context.Context) error {
	if now := s.machine.Now(); now.State != lifecycle.Ready {
		return fmt.Errorf("the supervisor is %s", now.State)
	}
	x := s.current()
	if err := x.gone(); err != nil {
		return err
	}
	x.mu.Lock()
	silent, address := time.Since(x.answered), x.ingress.Addr(forward.API)
	x.mu.Unlock()
	if silent > s.Timing.Stale {
		return fmt.Errorf("the enclave has not answered for %s", silent.Round(time.Second))
	}
	if err := s.askSigner(ctx, address); err != nil {
		return err
	}
	x.first.Do(func() { s.Metrics.Ready(time.Since(x.enclave.Info().Started)) })
	return nil
}

// askSigner asks as a client would: through the pod's own port.
func (s *Supervisor) askSigner(ctx context.Context, address net.Addr) error {
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timing.Signer)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort("127.0.0.1", port)+contract.PathHealthcheck, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the signer for its health: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the signer's %s answers %s", contract.PathHealthcheck, strconv.Itoa(response.StatusCode))
	}
	return nil
}
