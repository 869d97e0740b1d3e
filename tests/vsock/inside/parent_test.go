package inside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/stream"
)

// endpoints are what the enclave may reach: an HTTP server and one of plain streams.
var endpoints = []egress.Endpoint{{Host: "config.example.com", Port: 80}, {Host: "stream.example.com", Port: 81}}

// parent is what a supervisor has for an enclave: a port for each endpoint, and a TCP
// port for each port of the payload.
type parent struct {
	enclave *enclave
	// cut ends the bridges, as the enclave's end has to.
	cut     context.CancelFunc
	running sync.WaitGroup
	// ports are vsock ports by endpoint, listeners have them.
	ports     map[string]uint32
	listeners []transport.Listener
	// streams is the endpoint of plain streams.
	streams *stream.Server
	// api and raw are the TCP addresses of the payload's ports, ingress their bridge.
	api, raw string
	ingress  map[string]*bridge.Bridge
}

func newParent(ctx context.Context, t *testing.T, e *enclave) *parent {
	t.Helper()
	p := &parent{enclave: e, ports: map[string]uint32{}, streams: &stream.Server{}, ingress: map[string]*bridge.Bridge{}}
	ctx, p.cut = context.WithCancel(ctx)
	t.Cleanup(func() {
		p.cut()
		p.running.Wait()
	})
	p.serveEndpoints(ctx, t)
	for _, known := range endpoints {
		p.openEgress(ctx, t, known)
	}
	p.api = p.openIngress(ctx, t, contract.PortAPI)
	p.raw = p.openIngress(ctx, t, contract.PortMetrics)
	return p
}

// serveEndpoints are the machines behind the endpoints' names.
func (p *parent) serveEndpoints(ctx context.Context, t *testing.T) {
	t.Helper()
	web, raw := listenTCP(ctx, t, "127.0.0.1:80"), listenTCP(ctx, t, "127.0.0.1:81")
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked %s for %s", r.Host, r.URL.Path)
	})}
	context.AfterFunc(ctx, func() { _, _ = server.Close(), raw.Close() })
	go func() { _ = server.Serve(web) }()
	go func() { _ = p.streams.Serve(raw) }()
}

func listenTCP(ctx context.Context, t *testing.T, address string) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// openEgress forwards from a port that the kernel chooses to an endpoint.
func (p *parent) openEgress(ctx context.Context, t *testing.T, to egress.Endpoint) {
	t.Helper()
	allow, err := egress.ParseList("egress", []string{to.String()})
	if err != nil {
		t.Fatal(err)
	}
	dialer := &egress.Dialer{Allow: allow, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
	}}
	listener, err := p.enclave.link.Listen(ctx, transport.AnyPort)
	if err != nil {
		t.Fatal(err)
	}
	p.ports[to.String()], p.listeners = listener.Port(), append(p.listeners, listener)
	b := &bridge.Bridge{Name: to.String(), Logger: slog.Default(), Dial: func(ctx context.Context) (net.Conn, error) { return dialer.Dial(ctx, to) }}
	p.running.Go(func() { _ = b.Serve(ctx, listener) })
}

// openIngress forwards from a TCP port to the payload's.
func (p *parent) openIngress(ctx context.Context, t *testing.T, port uint32) string {
	t.Helper()
	listener := listenTCP(ctx, t, "127.0.0.1:0")
	b := &bridge.Bridge{Name: fmt.Sprint(port), Logger: slog.Default(), Dial: func(ctx context.Context) (net.Conn, error) {
		return p.enclave.link.Dial(ctx, port)
	}}
	p.running.Go(func() { _ = b.Serve(ctx, listener) })
	address := listener.Addr().String()
	p.ingress[address] = b
	return address
}

// get asks the payload, until the guest has opened its port.
func (p *parent) get(ctx context.Context, t *testing.T, path string, query ...string) string {
	t.Helper()
	var text string
	eventually(ctx, t, path, func() bool {
		var err error
		text, err = p.ask(ctx, path, query...)
		return err == nil
	})
	return text
}

// ask asks once, on a connection of its own.
func (p *parent) ask(ctx context.Context, path string, query ...string) (string, error) {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.api+path+"?"+values.Encode(), nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status + " " + string(body))
	}
	return string(body), err
}

// dialRaw connects to the payload's port of plain streams, and says what is wanted.
func (p *parent) dialRaw(ctx context.Context, t *testing.T, want ...byte) *net.TCPConn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write(want); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}
