package service

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/slashing"
)

// maxBody is far beyond what the types of this signer need.
const maxBody = 1 << 20

// Accepted is the message of the line that Fixture.LogRequests asks for.
const Accepted = "request accepted"

// outcome is what a request to sign comes to.
type outcome struct {
	status  int
	kind    string // the type of the request, for metrics; it may be anything
	message string // of a refusal
	signed  string
}

// sign answers in JSON, or with the bare signature to who asks for text.
func (s *Service) sign(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if s.config.Fixture.LogRequests {
		s.log.Info(Accepted, "id", r.Header.Get("X-Request-Id"))
	}
	o := outcome{status: http.StatusServiceUnavailable, message: "too many requests at once"}
	select {
	case s.slots <- struct{}{}:
		o = s.outcome(r.Context(), r.PathValue("key"), http.MaxBytesReader(w, r.Body, maxBody))
		<-s.slots
	default:
	}
	s.metrics.signed(o.kind, o.status, time.Since(began))
	switch {
	case o.status != http.StatusOK:
		s.log.Warn("not signed", "status", o.status, "type", o.kind, "reason", o.message)
		refuse(w, o.status, o.message)
	case r.Header.Get("Accept") == "text/plain":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, o.signed)
	default:
		reply(w, o.status, map[string]string{"signature": o.signed})
	}
}

func (s *Service) outcome(ctx context.Context, name string, body io.Reader) outcome {
	var public eth2.PublicKey
	err := public.UnmarshalText([]byte(name))
	key := s.config.keys[public]
	switch {
	case !s.unsealed.Load():
		return outcome{status: http.StatusServiceUnavailable, message: "the signer is sealed"}
	case err != nil:
		return outcome{status: http.StatusBadRequest, message: "the public key " + err.Error()}
	case key == nil:
		return outcome{status: http.StatusNotFound, message: "the public key " + public.String() + " is not known"}
	}
	request, root, err := s.read(body)
	o := outcome{status: http.StatusOK, kind: request.Type}
	if err != nil {
		return o.refused(http.StatusBadRequest, err)
	}
	if err := s.guard.Allow(ctx, public, request, root); err != nil {
		return o.refused(statusOf(err), err)
	}
	signature, err := key.Sign(root)
	if err != nil {
		return o.refused(http.StatusInternalServerError, err)
	}
	time.Sleep(time.Duration(s.config.Fixture.SigningDelayMillis) * time.Millisecond)
	o.signed = "0x" + hex.EncodeToString(signature[:])
	return o
}

func (o outcome) refused(status int, err error) outcome {
	o.status, o.message = status, err.Error()
	return o
}

// read returns the request also where its root cannot be computed, or is another.
func (s *Service) read(body io.Reader) (eth2.Request, eth2.Root, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return eth2.Request{}, eth2.Root{}, err
	}
	request, err := eth2.ParseRequest(data)
	if err != nil {
		return eth2.Request{}, eth2.Root{}, err
	}
	root, err := request.Root(eth2.Networks()[s.config.Network])
	return request, root, err
}

// statusOf tells a refusal from a table that does not answer, or has changed meanwhile.
// After the latter a client may try again.
func statusOf(err error) int {
	if errors.Is(err, slashing.ErrSlashable) {
		return statusSlashing
	}
	return http.StatusServiceUnavailable
}

// kindOf keeps what clients send from making endless labels of metrics.
func kindOf(kind string) string {
	switch kind {
	case eth2.TypeAttestation, eth2.TypeBlock, eth2.TypeRandaoReveal, eth2.TypeAggregationSlot, eth2.TypeVoluntaryExit,
		eth2.TypeSyncCommitteeMessage, eth2.TypeSyncSelectionProof, eth2.TypeValidatorRegistration:
		return kind
	}
	return "none"
}
