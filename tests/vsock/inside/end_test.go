package inside

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/stream"
)

// start starts an enclave and its payload.
func start(ctx context.Context, t *testing.T) (*enclave, *parent) {
	t.Helper()
	e := startEnclave(ctx, t)
	p := newParent(ctx, t, e)
	if err := e.client.Bootstrap(ctx, e.bootstrap(p.ports)); err != nil {
		t.Fatal(err)
	}
	p.get(ctx, t, "/upcheck")
	return e, p
}

// TestCrash: the payload fails, and the enclave ends with it, once its parent knows why.
func TestCrash(t *testing.T) {
	ctx := limited(t)
	e, p := start(ctx, t)
	lines := &lines{}
	read := make(chan error, 1)
	go func() { read <- e.client.Logs(ctx, lines.take) }()
	if _, err := p.ask(ctx, "/crash"); err == nil {
		t.Log("the request that made the payload crash was answered")
	}
	e.wantExit(ctx, t, 2) // what Go's runtime ends with
	e.wantEnd(ctx, t)
	if err := <-read; err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the log stream has ended with %v", err)
	}
	if !lines.has("stderr panic: as it was asked to") {
		t.Errorf("the payload's last words are not among %q", lines.texts)
	}
}

// underWay opens a stream into the enclave and one out of it, neither of which ends by
// itself, and returns the first.
func underWay(ctx context.Context, t *testing.T, p *parent) io.Reader {
	t.Helper()
	in := p.dialRaw(ctx, t, stream.Fountain)
	if _, err := io.CopyN(io.Discard, in, 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ask(ctx, "/pour", "address", endpoints[1].String()); err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "a megabyte from the enclave", func() bool { return p.streams.Count().Taken > 1<<20 })
	return in
}

// TestLostEnclave: an enclave that is gone all of a sudden tells nobody. Connections hang
// until whoever has started it ends them.
func TestLostEnclave(t *testing.T) {
	ctx := limited(t)
	e, p := start(ctx, t)
	busy := underWay(ctx, t, p)
	idle, err := e.link.Dial(ctx, contract.PortMetrics)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	if err := e.machines.Kill(ctx, enclaveCID); err != nil {
		t.Fatal(err)
	}
	_ = idle.SetReadDeadline(time.Now().Add(3 * time.Second))
	if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		// Nothing relies on it, but the docs say so.
		t.Errorf("a connection to an enclave that is gone reads %v: tell docs/architecture.md", err)
	}
	began := time.Now()
	conn, err := e.link.Dial(ctx, contract.PortControl)
	if err == nil {
		_ = conn.Close()
	}
	t.Logf("a new connection fails after %.2f s: %v", time.Since(began).Seconds(), err)
	if !errors.Is(err, transport.ErrPeerSilent) && !errors.Is(err, transport.ErrNoPeer) {
		t.Errorf("a new connection to an enclave that is gone: %v", err)
	}
	wantCut(t, p, busy)
}

// wantCut: the end of the context ends all connections of the bridges.
func wantCut(t *testing.T, p *parent, client io.Reader) {
	t.Helper()
	if open := p.ingress[p.raw].Stats().Open; open != 1 {
		t.Errorf("before the cut the bridge has %d connections, want 1", open)
	}
	p.cut()
	p.running.Wait()
	for address, b := range p.ingress {
		if s := b.Stats(); s.Open != 0 {
			t.Errorf("after the cut the bridge at %s has %+v", address, s)
		}
	}
	if _, err := io.Copy(io.Discard, client); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client of a bridge that was cut reads %v, want a reset", err)
	}
}
