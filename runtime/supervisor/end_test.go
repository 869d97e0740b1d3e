//go:build linux

package supervisor

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// never is a wait that would not end within a test.
const never = time.Hour

// longRequest sends a request that the payload does not answer in a lifetime, and returns
// once it is accepted. The channel has the status when it is over: 0 for none.
func (w *world) longRequest(t *testing.T) <-chan int {
	t.Helper()
	ended := make(chan int, 1)
	go func() {
		status, _ := fetchFrom(w.api(), "/sign/long?ms=3600000")
		ended <- status
	}()
	eventually(t, "the request is accepted", func() bool { return len(w.accepted(t)) > 0 })
	return ended
}

// TestEnclaveDies: a connection to an enclave that is gone may stay open for ever, so the
// supervisor must not wait for it.
func TestEnclaveDies(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) { o.Timing.Poll = never })
	w.beginReady(t)
	request := w.longRequest(t)
	w.launcher.running().die()
	select {
	case status := <-request:
		if status != 0 {
			t.Errorf("it was answered with %d", status)
		}
	case <-time.After(deadline):
		t.Error("the client still waits")
	}
	w.wantEnd(t, ExitEnclave, "the enclave has ended by itself: killed")
}

func TestEnclaveFallsSilent(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) {
		o.Timing.Silent, o.Timing.LastWords = 300*time.Millisecond, 300*time.Millisecond
	})
	w.beginReady(t)
	w.launcher.running().hang()
	w.wantEnd(t, ExitEnclave, "the enclave has not answered for")
}

// TestStale: an enclave that has not answered for a while gets no more clients, long
// before it counts as lost.
func TestStale(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) {
		o.Timing.Stale, o.Timing.LastWords = 500*time.Millisecond, 300*time.Millisecond
	})
	w.beginReady(t)
	w.launcher.running().hang()
	eventually(t, "it is not ready", func() bool {
		status, body := fetchFrom(w.address(4), "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "has not answered")
	})
	if w.machine.State() != lifecycle.Ready {
		t.Errorf("it is %s", w.machine.State())
	}
}

// TestTermBeforeReady: whatever it does, it ends with 0 when it is told to, and leaves no
// enclave.
func TestTermBeforeReady(t *testing.T) {
	for state, change := range map[lifecycle.State]func(*fakeLauncher){
		lifecycle.Preflight:     func(l *fakeLauncher) { l.hold = make(chan struct{}) },
		lifecycle.Starting:      func(l *fakeLauncher) { l.slow = make(chan struct{}) },
		lifecycle.Booting:       func(l *fakeLauncher) { l.mute = true },
		lifecycle.Bootstrapping: func(l *fakeLauncher) { l.deaf = true },
	} {
		t.Run(string(state), func(t *testing.T) {
			w := newWorld(t, "serve", func(w *world, o *Options) {
				change(w.launcher)
				o.Timing.Call, o.Timing.Endpoints = never, never
			})
			w.begin(t)
			eventually(t, "it is in the state", func() bool { return w.machine.State() == state && w.address(4) != "" })
			if got := w.get(t, "/readyz"); got != http.StatusServiceUnavailable {
				t.Errorf("/readyz is %d", got)
			}
			w.term()
			w.wantEnd(t, 0)
		})
	}
}

// TestSecondTerm: neither the wait for endpoints nor a request keeps it then.
func TestSecondTerm(t *testing.T) {
	for name, endpoints := range map[string]time.Duration{"while it waits for endpoints": never, "while it waits for a request": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "serve", func(_ *world, o *Options) {
				o.Timing.Endpoints, o.Config.Drain = endpoints, never
			})
			w.beginReady(t)
			request := w.longRequest(t)
			w.term()
			eventually(t, "it drains", func() bool { return w.machine.State() == lifecycle.Draining })
			if status, body := fetchFrom(w.address(4), "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "draining") {
				t.Errorf("/readyz is %d %q", status, body)
			}
			if endpoints == never { // who has not heard of it yet is served
				if status, body := fetchFrom(w.api(), "/sign/late"); status != http.StatusOK {
					t.Errorf("a new connection gave %d %q", status, body)
				}
			}
			w.term()
			w.wantEnd(t, 0)
			if status := <-request; status != 0 {
				t.Errorf("the request got %d", status)
			}
		})
	}
}

// TestDrainHasAnEnd: a payload that does not end in its time ends with the enclave.
func TestDrainHasAnEnd(t *testing.T) {
	w := newWorld(t, "stubborn", func(_ *world, o *Options) {
		o.Config.Drain, o.Timing.FirstOut = 500*time.Millisecond, 50*time.Millisecond
	})
	w.begin(t)
	eventually(t, "the payload is ready", func() bool { return strings.Contains(w.log.String(), `"msg":"ready","source":"enclave"`) })
	w.term()
	w.wantEnd(t, 0)
	if !strings.Contains(w.log.String(), "signal 9") {
		t.Error("it was not killed")
	}
}

// TestEnclaveDiesInADrain: that is not the end that was asked for.
func TestEnclaveDiesInADrain(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) { o.Timing.Endpoints = never })
	w.beginReady(t)
	w.term()
	eventually(t, "it drains", func() bool { return w.machine.State() == lifecycle.Draining })
	w.launcher.running().die()
	w.wantEnd(t, ExitEnclave, "the enclave has ended by itself: killed")
}

// TestAdminDrain is the preStop hook and the SIGTERM after it.
func TestAdminDrain(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) {
		o.Timing.Linger = never
		buildImage(t, o.Config.Enclave.Image)
	})
	w.beginReady(t)
	d, err := w.client().Describe(t.Context())
	if err != nil || d.State != "ready" || d.Enclave == nil || d.Enclave.State != admin.EnclaveRunning || d.Enclave.CID != 16 || d.Enclave.Name != "signer-0" {
		t.Errorf("described as %+v, %+v: %v", d, d.Enclave, err)
	}
	if m := d.Enclave.Metadata; m == nil || m.ImageName != "signer" {
		t.Errorf("metadata %+v", m)
	}
	if _, err := w.client().Console(t.Context()); !errors.Is(err, launch.ErrNoConsole) {
		t.Errorf("a console: %v", err)
	}
	for range 2 { // the second joins the first
		if err := w.client().Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := w.client().Describe(t.Context()); err != nil || d.State != "draining" || d.Enclave.State != admin.EnclaveEmpty {
		t.Errorf("after the drain: %+v, %+v: %v", d, d.Enclave, err)
	}
	w.term()
	w.wantEnd(t, 0)
}

// TestDrainByHand: no SIGTERM follows, and the supervisor ends all the same.
func TestDrainByHand(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) { o.Timing.Linger = 10 * time.Millisecond })
	w.beginReady(t)
	if err := w.client().Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantEnd(t, 0)
}

// buildImage makes an image that nobody starts.
func buildImage(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = eif.Build(t.Context(), file, eif.Spec{
		Architecture: eif.X8664, Kernel: blob.Bytes([]byte("kernel")), Cmdline: "reboot=k",
		Ramdisks: []eif.Content{blob.Bytes([]byte("first")), blob.Bytes([]byte("second"))}, Metadata: eif.Metadata{
			ImageName: "signer",
			BuildMetadata: eif.BuildMetadata{
				BuildTime: "1970-01-01T00:00:00+00:00", BuildTool: "chamber", BuildToolVersion: "v1", OperatingSystem: "Linux", KernelVersion: "6.12",
			},
		},
	})
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAdminTerminate(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) { o.Timing.Endpoints, o.Timing.Linger = never, never })
	w.beginReady(t)
	if err := w.client().Terminate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantEnd(t, 0)
}
