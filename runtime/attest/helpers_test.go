package attest

import (
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
)

// made is when documents of these tests are made, and verified a minute later.
var made = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

var shared = sync.OnceValues(func() (*attesttest.Issuer, error) {
	return attesttest.NewIssuer(attesttest.Options{Now: made})
})

// issuer returns one that all tests share, since keys take time.
func issuer(t testing.TB) *attesttest.Issuer {
	t.Helper()
	return must[*attesttest.Issuer](t)(shared())
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func sign(t testing.TB, i *attesttest.Issuer, p attesttest.Payload) []byte {
	t.Helper()
	return must[[]byte](t)(i.Document(p))
}

// pinned is a policy that accepts the issuer's documents.
func pinned(i *attesttest.Issuer) Policy {
	return Policy{
		PCRs: map[int][]PCR{0: {attesttest.PCR(0)}}, Time: made.Add(time.Minute),
		ExtraRoots: []*x509.Certificate{i.Root()},
	}
}

// reencode changes the parts of a message and leaves its signature alone.
func reencode(t testing.TB, document []byte, change func([]any) []any) []byte {
	t.Helper()
	var parts []any
	if err := cbor.Unmarshal(document, &parts); err != nil {
		t.Fatal(err)
	}
	return must[[]byte](t)(cbor.Marshal(change(parts)))
}

// expect compares violations, each with the beginning of "field: rule".
func expect(t *testing.T, err error, want ...string) {
	t.Helper()
	var got Violations
	if err != nil && !errors.As(err, &got) {
		t.Fatalf("got another error: %v", err)
	}
	same := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		same = same && strings.HasPrefix(got[i].Field+": "+got[i].Rule, want[i])
	}
	if !same {
		t.Errorf("got %v\nwant %s", err, strings.Join(want, "\n     "))
	}
}
