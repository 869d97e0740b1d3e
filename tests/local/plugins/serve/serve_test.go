package serve_test

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/plugins/serve"
)

// TestEndsWithTheEngine: an engine that was killed leaves no plugin behind.
func TestEndsWithTheEngine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	engine := grpc.NewServer()
	go func() { _ = engine.Serve(l) }()
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- serve.Plugin(t.Context(), l.Addr().String(), &out, func(*grpc.Server) {}) }()
	select {
	case err := <-done:
		t.Fatalf("ended while the engine lives: %v", err)
	case <-time.After(3 * time.Second):
	}
	engine.Stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("still there 20 s after the engine")
	}
	if _, err := strconv.Atoi(strings.TrimSpace(out.String())); err != nil {
		t.Errorf("told %q, want a port", out.String())
	}
}

func TestEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if err := serve.Plugin(ctx, "", &out, func(*grpc.Server) {}); err != nil {
		t.Error(err)
	}
}
