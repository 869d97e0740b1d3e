package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// to is a way to a server of the test.
func to(t *testing.T, name string, handler http.HandlerFunc) subject {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return subject{name, func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}}
}

// TestCompare runs a comparison that is far too short to mean anything.
func TestCompare(t *testing.T) {
	fine := func(w http.ResponseWriter, r *http.Request) {
		signing := strings.HasPrefix(r.URL.Path, "/api/v1/eth2/sign/0x") && r.Method == http.MethodPost
		if !signing && r.URL.Path != contract.PathUpcheck {
			http.NotFound(w, r)
		}
	}
	var out strings.Builder
	o := options{duration: 10 * time.Millisecond, rounds: 1, most: 8}
	if err := compare(t.Context(), o, []subject{to(t, "direct", fine), to(t, "path", fine)}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sign                   1  direct ", "upcheck                8  path ", "connect+upcheck        8  path "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") || strings.Contains(out.String(), " 64 ") {
		t.Errorf("the table has wrong rows:\n%s", out.String())
	}
}

// TestCompareFails: a signer that refuses is no fast one.
func TestCompareFails(t *testing.T) {
	sealed := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "sealed", http.StatusServiceUnavailable) }
	err := compare(t.Context(), options{rounds: 1, most: 1}, []subject{to(t, "direct", sealed)}, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "direct, sign with 1 clients") || !strings.Contains(err.Error(), "sealed") {
		t.Errorf("got %v", err)
	}
}

func TestRowIsTheMedianOfRatios(t *testing.T) {
	base := []figures{{100, 0.001}, {10, 0.001}, {100, 0.001}}
	with := []figures{{50, 0.002}, {4, 0.004}, {10, 0.002}}
	before := []figures{{50, 0.001}, {8, 0.002}, {20, 0.001}}
	if got, want := strings.Join(strings.Fields(row(base, before, with)), " "), "0.400 2.0 0.50 2.00 10 2.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
