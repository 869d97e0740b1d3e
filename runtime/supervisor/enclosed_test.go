//go:build linux

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/egress"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/forward"
)

// TestDeadEndpoint: connections to one that does not answer pile up to its limits, and
// another is as good as ever.
func TestDeadEndpoint(t *testing.T) {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") }))
	defer good.Close()
	w := newWorld(t, "serve", func(w *world, o *Options) {
		o.Config.Egress = []egress.Endpoint{{Host: "dead.example.com", Port: w.launcher.port}, {Host: "good.example.com", Port: w.launcher.port}}
		o.Dialer = func(e egress.Endpoint) (forward.Dial, error) {
			return func(ctx context.Context, _ egress.Endpoint) (net.Conn, error) {
				if strings.HasPrefix(e.Host, "dead") {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				var d net.Dialer
				return d.DialContext(ctx, "tcp", good.Listener.Addr().String())
			}, nil
		}
	})
	w.beginReady(t)
	// As the guest's plan has it: the first name is the first address.
	dead, alive := fmt.Sprintf("127.100.0.1:%d", w.launcher.port), fmt.Sprintf("127.100.0.2:%d", w.launcher.port)
	var hung []net.Conn
	for range 100 {
		conn, err := net.Dial("tcp4", dead)
		if err != nil {
			t.Fatal(err)
		}
		hung = append(hung, conn)
	}
	for range 10 {
		if status, body := fetchFrom(w.api(), "/fetch?address="+alive); status != http.StatusOK || body != "good" {
			t.Errorf("the good endpoint gave %d %q", status, body)
		}
	}
	for _, conn := range hung {
		_ = conn.Close()
	}
	w.term()
	w.wantEnd(t, 0)
}

// TestRotation: a token that kubelet has replaced is in the enclave a little later.
func TestRotation(t *testing.T) {
	w := newWorld(t, "serve")
	w.beginReady(t)
	write(t, w.token, "second token")
	eventually(t, "the enclave has the second token", func() bool {
		got, _ := os.ReadFile(filepath.Join(w.launcher.root, w.token))
		return string(got) == "second token"
	})
	if log := w.log.String(); strings.Contains(log, "first token") || strings.Contains(log, "second token") {
		t.Error("a token is in the log")
	}
}

// TestStrangerIsLater: it is refused, and everybody hears of it.
func TestStrangerIsLater(t *testing.T) {
	w := newWorld(t, "serve")
	w.beginReady(t)
	link := w.launcher.running().Link()
	other := control.NewClient(func(ctx context.Context) (net.Conn, error) { return link.Dial(ctx, contract.PortControl) }, newToken())
	defer other.Close()
	if err := other.Bootstrap(t.Context(), control.Bootstrap{Time: time.Now()}); control.ErrorCode(err) != control.CodeConflict {
		t.Fatal(err)
	}
	eventually(t, "it is counted", func() bool { return w.measured("chamber_enclave_refused_bootstraps_total 1") })
	if !strings.Contains(w.log.String(), "somebody else tries to bootstrap this enclave") {
		t.Error("it is not in the log")
	}
}

func TestMeasurements(t *testing.T) {
	file := func(pcr0 string) string {
		same := strings.Repeat("ab", 48)
		return fmt.Sprintf(`{"Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":"%s","PCR1":"%s","PCR2":"%s"}}`, pcr0, same, same)
	}
	with := func(pcr0 string, more func(*world, *Options)) func(*world, *Options) {
		return func(w *world, o *Options) {
			write(t, filepath.Join(w.folder, "enclave.measurements.json"), file(pcr0))
			if more != nil {
				more(w, o)
			}
		}
	}
	same, other := strings.Repeat("ab", 48), strings.Repeat("cd", 48)
	t.Run("same", func(t *testing.T) {
		w := newWorld(t, "serve", with(same, nil))
		w.beginReady(t)
		if !strings.Contains(w.log.String(), "measured as expected") {
			t.Error("nothing was compared")
		}
		if d, err := w.client().Describe(t.Context()); err != nil || d.Enclave.Measurements == nil || d.Enclave.Measurements.PCR0.String() != same {
			t.Errorf("described as %+v: %v", d.Enclave, err)
		}
	})
	t.Run("other", func(t *testing.T) {
		w := newWorld(t, "serve", with(other, nil))
		w.begin(t)
		w.wantEnd(t, ExitIntrusion, "not the one that was measured", "PCR0", other)
	})
	t.Run("debug", func(t *testing.T) {
		w := newWorld(t, "serve", with(other, func(w *world, o *Options) {
			o.Config.Enclave.Debug, w.launcher.policy.Debug = true, true
		}))
		w.beginReady(t)
		console, err := w.client().Console(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = console.Close() }()
		if text, err := io.ReadAll(console); err != nil || string(text) != "console" {
			t.Errorf("the console has %q: %v", text, err)
		}
	})
	t.Run("debug that nobody asked for", func(t *testing.T) {
		w := newWorld(t, "serve", with(same, func(w *world, _ *Options) { w.launcher.spied, w.launcher.policy.Debug = true, true }))
		w.begin(t)
		w.wantEnd(t, ExitIntrusion, "is in debug mode")
	})
	t.Run("debug that the policy forbids", func(t *testing.T) {
		w := newWorld(t, "serve", with(same, func(_ *world, o *Options) { o.Config.Enclave.Debug = true }))
		w.begin(t)
		w.wantEnd(t, ExitBootstrap, "debug mode, which the image's policy does not allow")
	})
}

// TestTakenPorts: of the pod, and of its folder of sockets.
func TestTakenPorts(t *testing.T) {
	for taken, want := range map[uint16]string{2: "port 2 (tls)", 4: "port 4 of the pod"} {
		w := newWorld(t, "serve", func(w *world, o *Options) {
			o.Listen = func(ctx context.Context, port uint16) (net.Listener, error) {
				if port == taken {
					return nil, errors.New("it is taken")
				}
				return w.listen(ctx, port)
			}
		})
		w.begin(t)
		w.wantEnd(t, ExitInternal, want, "it is taken")
	}
	w := newWorld(t, "serve", func(_ *world, o *Options) { o.Config.SocketsDir = "/nowhere" })
	w.begin(t)
	w.wantEnd(t, ExitInternal, "the folder /nowhere must be writable")
}
