package forward

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport/transporttest"
)

const patience = 30 * time.Second

// device is an enclave's way to its parent.
func device(t *testing.T) *transporttest.Device {
	t.Helper()
	d, err := transporttest.New(t.Context(), filepath.Join(t.TempDir(), "v"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// loopback listens on a port of the kernel's choice, and refuses one port.
type loopback struct {
	refused uint16
	opened  []net.Listener
}

func (l *loopback) listen(ctx context.Context, port uint16) (net.Listener, error) {
	if port == l.refused {
		return nil, errors.New("it is taken")
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	l.opened = append(l.opened, listener)
	return listener, err
}

func quiet() Hooks { return Hooks{Log: slog.New(slog.DiscardHandler)} }

// answer writes a word to each connection and closes it.
func answer(l net.Listener, word string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, word)
		_ = c.Close()
	}
}

func read(t *testing.T, c net.Conn, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	all, _ := io.ReadAll(c)
	return string(all)
}

// TestIngress: each port leads to its own, and the end of the context cuts all.
func TestIngress(t *testing.T) {
	d := device(t)
	for port, word := range map[uint32]string{9000: "api", 3000: "metrics"} {
		l, err := d.Guest().Listen(t.Context(), port)
		if err != nil {
			t.Fatal(err)
		}
		go answer(l, word)
	}
	var mu sync.Mutex
	var opened, ended []string
	hooks := quiet()
	hooks.Opened = func(name string, _ *bridge.Bridge, strangers func() uint64) {
		opened = append(opened, name)
		if strangers != nil {
			t.Errorf("%s is for everybody, and counts strangers", name)
		}
	}
	hooks.Observer = func(name string) func(bridge.Result) {
		return func(bridge.Result) {
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	set, err := OpenIngress(ctx, []Port{{API, 9000}, {Metrics, 3000}}, (&loopback{}).listen, d.Host(), hooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{API, Metrics} {
		c, err := net.Dial("tcp4", set.Addr(name).String())
		if got := read(t, c, err); got != name {
			t.Errorf("%s leads to %q", name, got)
		}
	}
	if set.Addr("other") != nil || !slices.Equal(opened, []string{API, Metrics}) {
		t.Errorf("opened %v", opened)
	}
	address := set.Addr(API).String()
	cancel()
	set.Close()
	if _, err := net.Dial("tcp4", address); err == nil {
		t.Error("it listens after its end")
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(ended)
	if !slices.Equal(ended, []string{API, Metrics}) {
		t.Errorf("ended %v", ended)
	}
}

// TestAllOrNone: what was opened before the one that failed is closed.
func TestAllOrNone(t *testing.T) {
	ports := &loopback{refused: 3000}
	_, err := OpenIngress(t.Context(), []Port{{API, 9000}, {Metrics, 3000}}, ports.listen, device(t).Host(), quiet())
	if err == nil || !strings.Contains(err.Error(), "port 3000 (metrics)") {
		t.Errorf("ingress: %v", err)
	}
	if _, err := ports.opened[0].Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the first port: %v", err)
	}
	link := &countingLink{Link: device(t).Host(), most: 1}
	endpoints := []egress.Endpoint{{Host: "a.example.com", Port: 443}, {Host: "b.example.com", Port: 443}}
	_, _, err = OpenEgress(t.Context(), endpoints, Direct, link, quiet())
	if err == nil || !strings.Contains(err.Error(), "b.example.com:443") {
		t.Errorf("egress: %v", err)
	}
	if _, err := link.opened[0].Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the first endpoint's port: %v", err)
	}
}

// countingLink lets only so many listeners be opened.
type countingLink struct {
	transport.Link
	most   int
	opened []transport.Listener
}

func (l *countingLink) Listen(ctx context.Context, port uint32) (transport.Listener, error) {
	if len(l.opened) == l.most {
		return nil, errors.New("no port is left")
	}
	listener, err := l.Link.Listen(ctx, port)
	l.opened = append(l.opened, listener)
	return listener, err
}

// TestEgress: the ports that the guest is told lead to their endpoints, and one that is
// flooded does not keep another from its work.
func TestEgress(t *testing.T) {
	good, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = good.Close() }()
	go answer(good, "good")
	d := device(t)
	endpoints := []egress.Endpoint{{Host: "dead.example.com", Port: 443}, {Host: "good.example.com", Port: 443}}
	dialer := func(e egress.Endpoint) (Dial, error) {
		return func(ctx context.Context, asked egress.Endpoint) (net.Conn, error) {
			if asked != e {
				t.Errorf("%s was asked for %s", e, asked)
			}
			if e.Host == "dead.example.com" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			var nd net.Dialer
			return nd.DialContext(ctx, "tcp4", good.Addr().String())
		}, nil
	}
	hooks, counted := quiet(), 0
	hooks.Opened = func(_ string, _ *bridge.Bridge, strangers func() uint64) {
		if strangers != nil && strangers() == 0 {
			counted++
		}
	}
	set, ports, err := OpenEgress(t.Context(), endpoints, dialer, d.Host(), hooks)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if counted != 2 {
		t.Errorf("strangers are counted for %d of 2 endpoints", counted)
	}
	if len(ports) != 2 || ports[0].Host != "dead.example.com" || ports[1].Port != 443 || ports[0].ParentPort == ports[1].ParentPort {
		t.Fatalf("the ports are %+v", ports)
	}
	for range maxEgressDials + 10 {
		c, err := d.Guest().Dial(t.Context(), ports[0].ParentPort)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
	}
	for range 5 {
		c, err := d.Guest().Dial(t.Context(), ports[1].ParentPort)
		if got := read(t, c, err); got != "good" {
			t.Errorf("the good endpoint gave %q", got)
		}
	}
}

// TestDirect: the dialer of one endpoint reaches no other.
func TestDirect(t *testing.T) {
	dial, err := Direct(egress.Endpoint{Host: "a.example.com", Port: 443})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []egress.Endpoint{{Host: "b.example.com", Port: 443}, {Host: "a.example.com", Port: 80}, {Host: "169.254.169.254", Port: 80}} {
		if _, err := dial(t.Context(), other); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", other, err)
		}
	}
	if _, err := Direct(egress.Endpoint{Host: "a b", Port: 443}); err == nil {
		t.Error("a host that is none was taken")
	}
}

// TestShutdown waits for a connection, and not for ever.
func TestShutdown(t *testing.T) {
	d := device(t)
	l, err := d.Guest().Listen(t.Context(), 9000)
	if err != nil {
		t.Fatal(err)
	}
	held := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			held <- c
		}
	}()
	set, err := OpenIngress(t.Context(), []Port{{API, 9000}}, (&loopback{}).listen, d.Host(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp4", set.Addr(API).String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	defer func() { _ = (<-held).Close() }()
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if cut := set.Shutdown(ctx); cut != 1 {
		t.Errorf("%d were cut", cut)
	}
}
