package path

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
)

// testAWS: the calls have come, KMS's with the enclave's document, and what the supervisor
// has forwarded is TLS under the names of the services.
func (r *running) testAWS(t *testing.T) {
	key := awsstub.AccessKeyID(chamber.Token("first"))
	for _, want := range []awsstub.Request{
		{Service: "sts", Action: "AssumeRoleWithWebIdentity", Status: http.StatusOK},
		{Service: "kms", Action: "Decrypt", AccessKeyID: key, Attested: true, Status: http.StatusOK},
		{Service: "dynamodb", Action: "GetItem", AccessKeyID: key, Status: http.StatusOK},
		{Service: "dynamodb", Action: "PutItem", AccessKeyID: key, Status: http.StatusOK},
	} {
		if !slices.Contains(r.AWS.Requests(), want) {
			t.Errorf("AWS has not seen %+v: %+v", want, r.AWS.Requests())
		}
	}
	for _, service := range chamber.Services {
		r.wantTLS(t, service)
	}
}

func (r *running) wantTLS(t *testing.T, service string) {
	t.Helper()
	host := r.AWS.Host(service)
	r.eventually(t, func() error { // a handshake may be under way
		traffic, greeted := len(r.AWS.Traffic(service)), r.AWS.Connections()[host]
		accepted := r.metric(t, fmt.Sprintf("chamber_bridge_connections_accepted_total{endpoint=%q,way=%q}", host+":443", "egress"))
		if traffic == 0 || traffic != greeted || traffic != int(accepted) {
			return fmt.Errorf("%s: %d connections have come, %d with its name, %v by the supervisor's count", service, traffic, greeted, accepted)
		}
		return nil
	})
	for i, c := range r.AWS.Traffic(service) {
		if len(c.Sent) == 0 || len(c.Received) == 0 || !bytes.Contains(c.Sent, []byte(host)) {
			t.Errorf("%s: connection %d has %d and %d bytes, or no name", service, i, len(c.Sent), len(c.Received))
		}
		for way, data := range map[string][]byte{"sent": c.Sent, "received": c.Received} {
			if err := checkRecords(data); err != nil {
				t.Errorf("%s: connection %d, %s: %v", service, i, way, err)
			}
			for _, secret := range append(r.secrets(), "Decrypt", "Authorization", "AssumeRole", "AccessKeyId", "PutItem", "\"Item\"") {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s: connection %d, %s: there is plaintext: %.20q", service, i, way, secret)
				}
			}
		}
	}
}

// checkRecords wants nothing but records of TLS, of which the last may be cut (RFC 8446,
// section 5.1).
func checkRecords(data []byte) error {
	const header = 5
	for at := 0; at+header <= len(data); {
		kind, major := data[at], data[at+1]
		if kind < 20 || kind > 23 || major != 3 {
			return fmt.Errorf("at byte %d there is %x, which is no record of TLS", at, data[at:at+header])
		}
		if at == 0 && kind != 22 {
			return fmt.Errorf("the first record is of type %d, and no handshake", kind)
		}
		at += header + int(data[at+3])<<8 + int(data[at+4])
	}
	return nil
}

// secrets are what no log and no connection may have in plain.
func (r *running) secrets() []string {
	return append(r.AWS.Secrets(), chamber.Token("first"), chamber.Token("second"), chamber.SecretKey, "a master key of thirty-two bytes")
}

// testSetupToken: the line that sets a signer up is shown once. Who makes the signer log a
// token a second time finds it masked.
func (r *running) testSetupToken(t *testing.T) {
	if n := strings.Count(r.Log.String(), setupToken); n != 1 {
		t.Errorf("the setup token is in the log %d times", n)
	}
	keys, err := r.signer().Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for kind, masked := range map[string]string{setupToken: "cc-setup-***", chamber.Token("third"): "eyJ***"} {
		if _, err := r.signer().Sign(t.Context(), keys[0], eth2.Request{Type: kind}); err == nil {
			t.Error("a request of no type was signed")
		}
		r.eventually(t, func() error {
			if slices.ContainsFunc(r.lines(t), func(l line) bool {
				return l.Entry.Msg == "not signed" && strings.Contains(l.text, masked)
			}) {
				return nil
			}
			return fmt.Errorf("the log has no line with %s", masked)
		})
	}
}

// wantKept looks for secrets in the whole log, after the end. The setup token is there once
// where there is one.
func (r *running) wantKept(t *testing.T, setupTokens int) {
	t.Helper()
	log := r.Log.String()
	for i, secret := range append(r.secrets(), chamber.Token("third")) {
		if strings.Contains(log, secret) {
			t.Errorf("secret %d is in the log: %.12s…", i, secret)
		}
	}
	if n := strings.Count(log, setupToken); n != setupTokens {
		t.Errorf("the setup token is in the log %d times, want %d", n, setupTokens)
	}
	if len(r.AWS.Secrets()) < 4 {
		t.Errorf("AWS has given out %d secrets for two tokens", len(r.AWS.Secrets()))
	}
}
