package service

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

const (
	secretKey = "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"
	patience  = time.Minute
)

// running is a signer in this process.
type running struct {
	client.Client
	metrics string
	key     eth2.PublicKey
	stop    context.CancelFunc
	ended   chan error
	log     *logBuffer
}

type object = map[string]any

// logBuffer may be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// configuration is one that works, and the fixture's section may be changed.
func configuration(t *testing.T, fixture object, changes ...func(object)) *Config {
	t.Helper()
	section := object{"secret_keys": []string{secretKey}, "token_poll_ms": 20}
	maps.Copy(section, fixture)
	whole := object{"network": client.Network, "tee": object{"platform": "nitro"}, "fixture": section}
	for _, change := range changes {
		change(whole)
	}
	data, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	config, err := ParseConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func start(t *testing.T, config *Config, d Dependencies) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{stop: cancel, ended: make(chan error, 1), log: &logBuffer{}}
	d.Log = slog.New(slog.NewJSONHandler(r.log, nil))
	s, err := New(ctx, config, d)
	if err != nil {
		t.Fatal(err)
	}
	config.Server.Port, config.Metrics.Port = 0, 0
	api, metrics, err := Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	r.Base, r.metrics = "http://"+api.Addr().String(), "http://"+metrics.Addr().String()
	for key := range config.keys {
		r.key = key
	}
	go func() {
		defer close(r.ended)
		r.ended <- s.Serve(ctx, api, metrics)
	}()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end stops the signer and waits for it. It may be called twice.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("the signer ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the signer has not ended")
	}
}

// eventually polls until there is no error.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *running) awaitHealthy(t *testing.T) {
	t.Helper()
	eventually(t, func() error { return r.Get(t.Context(), "/healthcheck", &object{}) })
}

// status is the code of an answer, 200 where there is no error.
func status(t *testing.T, err error) int {
	t.Helper()
	var refused *client.StatusError
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &refused):
		return refused.Status
	}
	t.Fatal(err)
	return 0
}

// aws is a stand-in that trusts one issuer of attestation documents.
type aws struct {
	*awsstub.Stub
	issuer *attesttest.Issuer
}

func startAWS(t *testing.T, change func(*awsstub.Options)) aws {
	t.Helper()
	issuer, err := attesttest.NewIssuer(attesttest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	policy := attest.Policy{PCRs: map[int][]attest.PCR{0: {attesttest.PCR(0)}}}
	policy.ExtraRoots = append(policy.ExtraRoots, issuer.Root())
	options := awsstub.Options{Document: awsstub.Verified(policy), OnlyAttested: true}
	if change != nil {
		change(&options)
	}
	stub, err := awsstub.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stub.Close() })
	stub.CreateTable("containment-state")
	stub.CreateTable("slashing")
	return aws{stub, issuer}
}

// dependencies reach the stand-in under AWS's names, and have its NSM.
func (a aws) dependencies() Dependencies {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		if strings.HasSuffix(address, ".amazonaws.com:443") {
			address = a.Address()
		}
		return d.DialContext(ctx, network, address)
	}
	return Dependencies{Dial: dial, NSM: attest.NewNSM(attesttest.NewNSM(a.issuer))}
}

// fixture is the section that leads to the stand-in.
func (a aws) fixture(master []byte) object {
	return object{"kms_ciphertext": a.Encrypt(master), "ca_bundle_pem": string(a.CA())}
}

// withoutAWS keeps the machine's own settings out.
func withoutAWS(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // so that it comes back
			_ = os.Unsetenv(name)
		}
	}
	nothing := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", nothing)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nothing)
	t.Setenv("AWS_REGION", "us-east-1")
	// As the guest sets it: the stand-in's credentials name an account.
	t.Setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// withIRSA sets what EKS's webhook sets, and returns the token's file.
func withIRSA(t *testing.T, token string) string {
	t.Helper()
	withoutAWS(t)
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, token)
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/signer")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path)
	return path
}

// write replaces a file as kubelet does, in one step.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
