package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

const pathAttestation = "/v1/attestation"

// maxAttestation holds the largest request: its fields are base64 in JSON, four
// characters for three bytes, with their names beside them.
const maxAttestation = 2*(control.MaxNonceBytes+control.MaxUserDataBytes+control.MaxPublicKeyBytes) + 256

// Documents are made by the hypervisor, for all enclaves of the instance, and each goes
// through the channel by which the supervisor watches its enclave: a caller in a loop
// must not get in the way of that.
const (
	attestEvery   = 100 * time.Millisecond
	attestWaiting = 8
)

// errTooMany is the answer to a caller who finds the queue full.
var errTooMany = fmt.Errorf("%d others wait for a document already; ask again later", attestWaiting)

// attestations lets one request through at a time, and the next one attestEvery later.
type attestations struct {
	supervisor Supervisor
	queue      chan struct{} // who waits or is served
	turn       chan struct{} // who is served
}

func newAttestations(s Supervisor) *attestations {
	return &attestations{supervisor: s, queue: make(chan struct{}, attestWaiting+1), turn: make(chan struct{}, 1)}
}

// ServeHTTP answers with the document as the security module signed it.
func (a *attestations) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := readAttestation(w, r)
	if err != nil {
		answer(w, http.StatusBadRequest, failure{Error: err.Error()})
		return
	}
	document, err := a.attest(r.Context(), request)
	switch {
	case errors.Is(err, errTooMany):
		answer(w, http.StatusTooManyRequests, failure{Error: err.Error()})
	case err != nil:
		fail(w, err)
	default:
		w.Header().Set("Content-Type", "application/cbor")
		_, _ = w.Write(document) // a caller that is gone needs no answer
	}
}

func readAttestation(w http.ResponseWriter, r *http.Request) (control.Attestation, error) {
	var request control.Attestation
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAttestation))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, fmt.Errorf("reading the request: %w", err)
	}
	return request, request.Validate()
}

func (a *attestations) attest(ctx context.Context, request control.Attestation) ([]byte, error) {
	select {
	case a.queue <- struct{}{}:
		defer func() { <-a.queue }()
	default:
		return nil, errTooMany
	}
	select {
	case a.turn <- struct{}{}:
		// The next one's turn comes later, also when this call has failed.
		defer time.AfterFunc(attestEvery, func() { <-a.turn })
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return a.supervisor.Attest(ctx, request)
}

// Attest returns the document as the security module signed it. Nothing of it has been
// verified: see attest.Verify.
func (c *Client) Attest(ctx context.Context, a control.Attestation) ([]byte, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	response, err := c.send(ctx, http.MethodPost, pathAttestation, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	document, err := io.ReadAll(io.LimitReader(response.Body, attest.MaxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the document: %w", err)
	case len(document) > attest.MaxDocument:
		return nil, fmt.Errorf("the document has more than %d bytes, which none of the security module has", attest.MaxDocument)
	}
	return document, nil
}
