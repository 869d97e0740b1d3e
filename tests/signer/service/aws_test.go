package service

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/cloud"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

var master = bytes.Repeat([]byte{7}, 32)

// uses polls until the signer's credentials are those of a token.
func (r *running) uses(t *testing.T, token string) {
	t.Helper()
	eventually(t, func() error {
		var identity cloud.Identity
		if err := r.Get(t.Context(), "/fixture/credentials", &identity); err != nil {
			return err
		}
		if want := awsstub.AccessKeyID(token); identity.AccessKeyID != want {
			return fmt.Errorf("the access key is %+v, not %s", identity, want)
		}
		return nil
	})
}

func TestIRSA(t *testing.T) {
	stub := startAWS(t, nil)
	path := withIRSA(t, "first")
	r := start(t, configuration(t, stub.fixture(master)), stub.dependencies())
	r.awaitHealthy(t)
	r.uses(t, "first")
	write(t, path, "second")
	r.uses(t, "second")
	if got := stub.Tokens(); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("STS saw %q", got)
	}
	wantRequest(t, stub, awsstub.Request{Service: "sts", Action: "AssumeRoleWithWebIdentity", Status: http.StatusOK})
	wantRequest(t, stub, awsstub.Request{Service: "kms", Action: "Decrypt", AccessKeyID: awsstub.AccessKeyID("first"), Attested: true, Status: http.StatusOK})
	wantRequest(t, stub, awsstub.Request{Service: "dynamodb", Action: "PutItem", AccessKeyID: awsstub.AccessKeyID("first"), Status: http.StatusOK})
	wantRequest(t, stub, awsstub.Request{Service: "dynamodb", Action: "GetItem", AccessKeyID: awsstub.AccessKeyID("second"), Status: http.StatusOK})
	for _, service := range []string{"kms", "dynamodb", "sts"} {
		if stub.Connections()[stub.Host(service)] == 0 {
			t.Errorf("connections: %v", stub.Connections())
		}
	}
	for _, secret := range []string{"first", "second", secretKey} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func wantRequest(t *testing.T, stub aws, want awsstub.Request) {
	t.Helper()
	eventually(t, func() error { // some are made in the background
		if !slices.Contains(stub.Requests(), want) {
			return fmt.Errorf("no request %+v among %+v", want, stub.Requests())
		}
		return nil
	})
}

func TestPodIdentity(t *testing.T) {
	stub := startAWS(t, nil)
	withoutAWS(t)
	path := t.TempDir() + "/token"
	write(t, path, "first")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://"+stub.AgentAddress()+"/v1/credentials")
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path)
	r := start(t, configuration(t, stub.fixture(master)), stub.dependencies())
	r.awaitHealthy(t)
	r.uses(t, "first")
	write(t, path, "second")
	r.uses(t, "second")
	if got := stub.Tokens(); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("the agent saw %q", got)
	}
	if n := stub.Connections()[stub.Host("sts")]; n != 0 {
		t.Errorf("STS was asked %d times", n)
	}
}

// TestSealed: what keeps a signer sealed, and that it tells who asks.
func TestSealed(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*awsstub.Options)
		config func(object)
		want   string
	}{
		{"another image", func(o *awsstub.Options) { o.Document = awsstub.Emulated(bytes.Repeat([]byte{1}, 48)) }, nil, "PCR0 is a0a0"},
		{"no document", nil, func(c object) { c["attestation"] = "off" }, "AccessDeniedException"},
		{"another authority", nil, func(c object) { delete(c, "ca_bundle_pem") }, "certificate"},
		{"another ciphertext", nil, func(c object) { c["kms_ciphertext"] = []byte("x") }, "InvalidCiphertextException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stub := startAWS(t, tc.change)
			withIRSA(t, "token")
			fixture, dependencies := stub.fixture(master), stub.dependencies()
			if tc.config != nil {
				tc.config(fixture)
			}
			if fixture["attestation"] == "off" {
				dependencies.NSM = nil
			}
			r := start(t, configuration(t, fixture), dependencies)
			eventually(t, func() error {
				if !strings.Contains(r.log.String(), tc.want) {
					return fmt.Errorf("the log does not say %q: %s", tc.want, r.log)
				}
				return nil
			})
			_, err := r.Sign(t.Context(), r.key, client.Randao(1))
			for what, got := range map[string]int{
				"upcheck": status(t, r.Get(t.Context(), "/upcheck", &object{})), "healthcheck": status(t, r.Get(t.Context(), "/healthcheck", &object{})), "sign": status(t, err),
			} {
				want := http.StatusServiceUnavailable
				if what == "upcheck" {
					want = http.StatusOK
				}
				if got != want {
					t.Errorf("%s answers %d", what, got)
				}
			}
			if keys, err := r.Keys(t.Context()); err != nil || len(keys) != 0 {
				t.Errorf("a sealed signer shows %v (%v)", keys, err)
			}
		})
	}
}

// TestMasterKey: a second signer needs the master key of the first.
func TestMasterKey(t *testing.T) {
	stub := startAWS(t, nil)
	withIRSA(t, "token")
	first := start(t, configuration(t, stub.fixture(master)), stub.dependencies())
	first.awaitHealthy(t)
	second := start(t, configuration(t, stub.fixture(master)), stub.dependencies())
	second.awaitHealthy(t)
	other := start(t, configuration(t, stub.fixture(bytes.Repeat([]byte{8}, 32))), stub.dependencies())
	eventually(t, func() error {
		if !strings.Contains(other.log.String(), "the master key is not that of table") {
			return errors.New("it has not tried")
		}
		return nil
	})
	if got := status(t, other.Get(t.Context(), "/healthcheck", &object{})); got != http.StatusServiceUnavailable {
		t.Errorf("healthcheck answers %d with another master key", got)
	}
}

// TestSlashingTable: two signers share what they know.
func TestSlashingTable(t *testing.T) {
	stub := startAWS(t, nil)
	withIRSA(t, "token")
	table := func(c object) { c["anti_slashing"] = object{"backend": "dynamodb", "table": "slashing"} }
	a := start(t, configuration(t, stub.fixture(master), table), stub.dependencies())
	b := start(t, configuration(t, stub.fixture(master), table), stub.dependencies())
	a.awaitHealthy(t)
	b.awaitHealthy(t)
	block := func(root byte) eth2.Request {
		request := client.Requests(60)[2]
		request.Block.Header.BodyRoot = eth2.Root{root}
		return request
	}
	for _, step := range []struct {
		signer *running
		root   byte
		want   int
	}{{a, 1, 200}, {a, 2, 412}, {b, 2, 412}, {b, 1, 200}} {
		if _, err := step.signer.Sign(t.Context(), a.key, block(step.root)); status(t, err) != step.want {
			t.Errorf("%+v: %v", step, err)
		}
	}
}

func TestEmulatedRefuses(t *testing.T) {
	stub := startAWS(t, nil)
	judge := awsstub.Emulated(attest.PCR(bytes.Repeat([]byte{0xa0}, 48)))
	good, err := stub.issuer.Document(stub.issuer.Payload())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := judge(good); err != nil {
		t.Error(err)
	}
	if _, err := judge(good[:100]); err == nil {
		t.Error("half a document is accepted")
	}
}
