package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/cloud"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/slashing"
)

// Dependencies are what a service has besides its configuration.
type Dependencies struct {
	// Log is where lines go.
	Log *slog.Logger
	// Dial replaces connections to AWS, for tests without an enclave.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// NSM replaces the security module, for the same.
	NSM *attest.NSM
}

// Service is a signer.
type Service struct {
	config  *Config
	log     *slog.Logger
	cloud   *cloud.Cloud // nil without AWS
	guard   slashing.Guard
	metrics *metrics
	// slots has a value for each signature in the making.
	slots chan struct{}
	// unsealed turns true once, and stays so.
	unsealed atomic.Bool
}

// retry is how long a failed unsealing waits before the next.
const retry = 300 * time.Millisecond

// New prepares a signer. It makes no call.
func New(ctx context.Context, c *Config, d Dependencies) (*Service, error) {
	s := &Service{config: c, log: d.Log, metrics: newMetrics(), slots: make(chan struct{}, c.Fixture.ConcurrencyLimit)}
	s.guard.Store = &slashing.Memory{}
	if len(c.Fixture.KMSCiphertext) == 0 {
		s.unsealed.Store(true)
		return s, nil
	}
	nsm, err := openNSM(c.Fixture.Attestation, d.NSM)
	if err != nil {
		return nil, err
	}
	bundle := []byte(c.Fixture.CABundlePEM)
	if c.Fixture.CABundle != "" {
		if bundle, err = os.ReadFile(c.Fixture.CABundle); err != nil {
			return nil, fmt.Errorf("fixture.ca_bundle: %w", err)
		}
	}
	s.cloud, err = cloud.Connect(ctx, cloud.Options{
		CABundle: bundle, StateTable: c.SignerState.Table, Ciphertext: c.Fixture.KMSCiphertext, NSM: nsm, Dial: d.Dial, Log: d.Log,
	})
	if err != nil {
		return nil, err
	}
	if c.AntiSlashing.Backend == "dynamodb" {
		s.guard.Store = cloud.Records{Cloud: s.cloud, Table: c.AntiSlashing.Table}
	}
	return s, nil
}

// openNSM returns nil where there is no security module and none is required.
func openNSM(mode string, given *attest.NSM) (*attest.NSM, error) {
	if mode == "off" || given != nil {
		return given, nil
	}
	device, err := attest.OpenDevice()
	switch {
	case err == nil:
		return attest.NewNSM(device), nil
	case mode == "auto" && errors.Is(err, os.ErrNotExist):
		return nil, nil
	}
	return nil, err
}

// Serve answers on both listeners until ctx ends, and then finishes the requests that it
// has taken. It closes the listeners.
func (s *Service) Serve(ctx context.Context, api, metrics net.Listener) error {
	apiServer := &http.Server{Handler: s.routes(), ReadHeaderTimeout: time.Minute}
	metricsServer := &http.Server{Handler: s.metricsRoutes(), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 2)
	go func() { failed <- apiServer.Serve(api) }()
	go func() { failed <- metricsServer.Serve(metrics) }()
	background, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() { defer close(done); s.unseal(background) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.log.Info("finishing requests")
	}
	stop()
	<-done
	// Not ctx, which has ended.
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Fixture.drain())
	defer cancel()
	err = errors.Join(err, apiServer.Shutdown(draining), metricsServer.Shutdown(draining))
	s.log.Info("ended", "error", err)
	return err
}

// unseal tries until it works: the way to AWS may open later than the signer starts.
// Then it watches over the credentials.
func (s *Service) unseal(ctx context.Context) {
	if token := s.config.Fixture.SetupToken; token != "" {
		s.log.Warn("Setup token generated", "setup_token", token)
	}
	if s.cloud == nil {
		return
	}
	for {
		err := s.cloud.Unseal(ctx)
		if err == nil {
			break
		}
		s.log.Error("still sealed", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(retry):
		}
	}
	s.unsealed.Store(true)
	s.cloud.Watch(ctx, time.Duration(s.config.Fixture.TokenPollMillis)*time.Millisecond)
}
