package admin

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

// attester answers every request with a document, one at a time.
type attester struct {
	Supervisor
	document []byte
	err      error
	asked    chan control.Attestation
	hold     chan struct{} // a call waits for it
}

func (a *attester) Attest(ctx context.Context, request control.Attestation) ([]byte, error) {
	a.asked <- request
	if a.hold != nil {
		select {
		case <-a.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return a.document, a.err
}

func TestAttest(t *testing.T) {
	s := &attester{document: []byte{0x84, 0, 0xff}, asked: make(chan control.Attestation, 1)}
	client, _ := serve(t, s)
	want := control.Attestation{
		Nonce:    bytes.Repeat([]byte{1}, control.MaxNonceBytes),
		UserData: bytes.Repeat([]byte{2}, control.MaxUserDataBytes), PublicKey: bytes.Repeat([]byte{3}, control.MaxPublicKeyBytes),
	}
	document, err := client.Attest(t.Context(), want)
	if err != nil || !bytes.Equal(document, s.document) {
		t.Fatalf("%x: %v", document, err)
	}
	if diff := cmp.Diff(want, <-s.asked); diff != "" {
		t.Errorf("the supervisor was asked for (-want +got):\n%s", diff)
	}
}

func TestAttestRefuses(t *testing.T) {
	s := &attester{err: errors.New("the enclave cannot attest"), asked: make(chan control.Attestation, 9)}
	client, _ := serve(t, s)
	if _, err := client.Attest(t.Context(), control.Attestation{}); err == nil || err.Error() != s.err.Error() {
		t.Errorf("got %v", err)
	}
	<-s.asked
	if _, err := client.Attest(t.Context(), control.Attestation{Nonce: make([]byte, 513)}); err == nil || !strings.Contains(err.Error(), "nonce (513 bytes)") {
		t.Errorf("a large nonce: %v", err)
	}
	s.err, s.document = nil, make([]byte, attest.MaxDocument+1)
	if _, err := client.Attest(t.Context(), control.Attestation{}); err == nil || !strings.Contains(err.Error(), "has more than") {
		t.Errorf("a large document: %v", err)
	}
	<-s.asked
	// What another client could send.
	handler := newAttestations(s)
	for body, want := range map[string]string{
		"":                  "reading the request",
		`{"nounce":"AAAA"}`: "unknown field",
		`{"nonce":"` + strings.Repeat("A", 700) + `"}`:              "nonce (525 bytes): must be at most 512",
		`{"nonce":"` + strings.Repeat("A", maxAttestation+1) + `"}`: "request body too large",
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, pathAttestation, strings.NewReader(body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%.20q: %d %s", body, w.Code, w.Body)
		}
	}
	if len(s.asked) > 0 {
		t.Error("the enclave was asked all the same")
	}
}

// TestAttestQueue: one at a time, a bounded number of others waits, and a caller who
// leaves makes room.
func TestAttestQueue(t *testing.T) {
	s := &attester{document: []byte("d"), asked: make(chan control.Attestation, 99), hold: make(chan struct{})}
	a := newAttestations(s)
	ended := make(chan error, 99)
	ask := func(ctx context.Context) {
		_, err := a.attest(ctx, control.Attestation{})
		ended <- err
	}
	go ask(t.Context())
	<-s.asked
	leaving, leave := context.WithCancel(t.Context())
	go ask(leaving)
	for range attestWaiting - 1 {
		go ask(t.Context())
	}
	full(t, a)
	if _, err := a.attest(t.Context(), control.Attestation{}); !errors.Is(err, errTooMany) {
		t.Errorf("one too many: %v", err)
	}
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	if len(s.asked) > 0 {
		t.Error("two are served at once")
	}
	go ask(t.Context())
	full(t, a)
	begun := time.Now()
	close(s.hold)
	for range attestWaiting + 1 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(begun); took < attestWaiting*attestEvery {
		t.Errorf("%d documents in %s", attestWaiting+1, took)
	}
}

// full waits until nobody else may wait.
func full(t *testing.T, a *attestations) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(a.queue) < cap(a.queue); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d are in the queue", len(a.queue))
		}
	}
}
