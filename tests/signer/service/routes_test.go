package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// TestSignatures asks for every type, before and after a fork, and verifies the answers
// with another library.
func TestSignatures(t *testing.T) {
	r := start(t, configuration(t, nil), Dependencies{})
	r.awaitHealthy(t)
	for _, epoch := range []eth2.Uint{49, 50} {
		for _, request := range client.Requests(epoch) {
			if err := r.SignAndVerify(t.Context(), r.key, request, eth2.Networks()[client.Network]); err != nil {
				t.Errorf("%s in epoch %d: %v", request.Type, epoch, err)
			}
		}
	}
}

func TestSignRefuses(t *testing.T) {
	r := start(t, configuration(t, nil), Dependencies{})
	r.awaitHealthy(t)
	first, double := client.Requests(60)[1], client.Requests(60)[1]
	double.Attestation.BeaconBlockRoot = eth2.Root{9}
	rooted := client.Randao(1)
	rooted.SigningRoot = &eth2.Root{1}
	for _, step := range []struct {
		name    string
		key     eth2.PublicKey
		request eth2.Request
		want    int
	}{
		{"a vote", r.key, first, http.StatusOK},
		{"a double vote", r.key, double, http.StatusPreconditionFailed},
		{"another signing root", r.key, rooted, http.StatusBadRequest},
		{"an unknown type", r.key, eth2.Request{Type: "DEPOSIT"}, http.StatusBadRequest},
		{"an unknown key", eth2.PublicKey{1}, first, http.StatusNotFound},
	} {
		if _, err := r.Sign(t.Context(), step.key, step.request); status(t, err) != step.want {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if got := status(t, r.Get(t.Context(), "/api/v1/eth2/sign/0x00", nil)); got != http.StatusMethodNotAllowed {
		t.Errorf("GET answers %d", got)
	}
	text := body(t, r.metrics+"/metrics")
	for _, want := range []string{
		`containment_signing_requests_total{type="ATTESTATION",status="200"} 1`, `containment_signing_requests_total{type="ATTESTATION",status="412"} 1`,
		`containment_signing_requests_total{type="none",status="404"} 1`, "containment_slashing_rejections_total 1", "containment_healthy 1",
		`containment_signer_state{state="unsealed"} 1`, "containment_signing_duration_seconds_count 5", "containment_keys_active 1",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func body(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, response.Status, err)
	}
	return string(text)
}

func TestPlainTextSignature(t *testing.T) {
	r := start(t, configuration(t, nil), Dependencies{})
	r.awaitHealthy(t)
	request, err := http.NewRequest(http.MethodPost, r.Base+"/api/v1/eth2/sign/"+r.key.String(),
		strings.NewReader(`{"type":"VALIDATOR_REGISTRATION","validator_registration":{"fee_recipient":"0x0000000000000000000000000000000000000001","gas_limit":"1","timestamp":"2","pubkey":"`+r.key.String()+`"}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/plain")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || len(text) != 2+2*96 || string(text[:2]) != "0x" {
		t.Errorf("%s %s", response.Status, text)
	}
}

func TestKeysAndTokens(t *testing.T) {
	r := start(t, configuration(t, object{"tokens": []string{"cc_token_1"}}), Dependencies{})
	r.awaitHealthy(t)
	if _, err := r.Keys(t.Context()); status(t, err) != http.StatusUnauthorized {
		t.Errorf("without a token: %v", err)
	}
	r.Token = "cc_token_2"
	if _, err := r.Sign(t.Context(), r.key, client.Randao(1)); status(t, err) != http.StatusForbidden {
		t.Errorf("with another token: %v", err)
	}
	r.Token = "cc_token_1"
	if keys, err := r.Keys(t.Context()); err != nil || len(keys) != 1 || keys[0] != r.key {
		t.Errorf("keys %v (%v)", keys, err)
	}
	var keystores struct {
		Data []struct {
			Key eth2.PublicKey `json:"validating_pubkey"`
		}
	}
	if err := r.Get(t.Context(), "/eth/v1/keystores", &keystores); err != nil || len(keystores.Data) != 1 || keystores.Data[0].Key != r.key {
		t.Errorf("keystores %+v (%v)", keystores, err)
	}
	if got := status(t, r.Get(t.Context(), "/fixture/credentials", &object{})); got != http.StatusNotFound {
		t.Errorf("credentials without AWS: %d", got)
	}
	if text := body(t, r.metrics+"/metrics"); !strings.Contains(text, "containment_auth_rejections_total 2\n") {
		t.Error(text)
	}
}

// TestEndFinishesRequests ends a signer while it signs: what it has taken it answers.
func TestEndFinishesRequests(t *testing.T) {
	const clients = 8
	r := start(t, configuration(t, object{"signing_delay_ms": 1000, "concurrency_limit": clients}), Dependencies{})
	r.awaitHealthy(t)
	answers := make(chan error, clients)
	for i := range clients {
		go func() {
			answers <- r.SignAndVerify(context.Background(), r.key, client.Randao(eth2.Uint(i)), eth2.Networks()[client.Network])
		}()
	}
	eventually(t, func() error {
		if !strings.Contains(body(t, r.metrics+"/metrics"), "containment_signing_semaphore_available 0\n") {
			return errors.New("not all are being signed")
		}
		return nil
	})
	if _, err := r.Sign(t.Context(), r.key, client.Randao(1)); status(t, err) != http.StatusServiceUnavailable {
		t.Errorf("one too many: %v", err)
	}
	r.end(t)
	for range clients {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if err := r.Get(t.Context(), "/upcheck", &object{}); err == nil {
		t.Error("it answers after its end")
	}
}

func TestSetupTokenIsLoggedOnce(t *testing.T) {
	r := start(t, configuration(t, object{"setup_token": "cc-setup-1"}), Dependencies{})
	r.awaitHealthy(t)
	r.end(t)
	if n := strings.Count(r.log.String(), "cc-setup-1"); n != 1 {
		t.Errorf("it is logged %d times", n)
	}
}

func TestConfigFaults(t *testing.T) {
	for name, text := range map[string]string{
		"no keys": `{}`, "a bad key": `{"fixture":{"secret_keys":["` + secretKey[:60] + `"]}}`, "a misspelt name": `{"fixture":{"secret_key":[]}}`,
		"another network": `{"network":"goerli","fixture":{"secret_keys":["` + secretKey + `"]}}`, "no JSON": `{`,
		"a table without AWS": `{"anti_slashing":{"backend":"dynamodb","table":"t"},"fixture":{"secret_keys":["` + secretKey + `"]}}`,
		"another way":         `{"fixture":{"listen":"unix","secret_keys":["` + secretKey + `"]}}`,
		"no pause":            `{"fixture":{"token_poll_ms":-1,"secret_keys":["` + secretKey + `"]}}`,
	} {
		_, err := ParseConfig([]byte(text))
		switch {
		case err == nil:
			t.Errorf("%s is accepted", name)
		case strings.Contains(fmt.Sprint(err), secretKey[:60]):
			t.Errorf("%s: the key is in %q", name, err)
		}
	}
}

// named gives a request the id "the first".
type named struct{}

func (named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Request-Id", "the first")
	return http.DefaultTransport.RoundTrip(r)
}

// TestLogRequests: the log has the ids of requests where that is asked for.
func TestLogRequests(t *testing.T) {
	for _, asked := range []bool{true, false} {
		r := start(t, configuration(t, object{"log_requests": asked}), Dependencies{})
		r.awaitHealthy(t)
		r.HTTP = &http.Client{Transport: named{}}
		if _, err := r.Sign(t.Context(), r.key, client.Randao(1)); err != nil {
			t.Fatal(err)
		}
		if want := `"msg":"` + Accepted + `","id":"the first"`; strings.Contains(r.log.String(), want) != asked {
			t.Errorf("asked: %v, and the log is %s", asked, r.log)
		}
	}
}
