package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/lodestar"
)

func TestReport(t *testing.T) {
	var out strings.Builder
	good := lodestar.Check{Name: "upcheck", OK: true, Millis: 7}
	if err := report(&out, []lodestar.Check{good}); err != nil {
		t.Error(err)
	}
	err := report(&out, []lodestar.Check{good, {Name: "ATTESTATION", Detail: "the signature is wrong"}})
	if err == nil || err.Error() != "1 of 2 checks failed" {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{"ok   upcheck ", "7 ms", "FAIL ATTESTATION ", "the signature is wrong"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestWithoutNode(t *testing.T) {
	t.Setenv("PATH", "")
	if err := run(t.Context(), "", lodestar.FirstEpoch, &strings.Builder{}); !errors.Is(err, lodestar.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestServe(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	url, ended, err := serve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(url + "/healthcheck")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the signer answers %s", response.Status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
