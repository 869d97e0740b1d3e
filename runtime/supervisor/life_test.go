//go:build linux

package supervisor

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/lifecycle"
)

// TestLife is the whole way from nothing to a stop.
func TestLife(t *testing.T) {
	w := newWorld(t, "serve")
	w.beginReady(t)
	if got := w.get(t, "/livez"); got != http.StatusOK {
		t.Errorf("/livez is %d", got)
	}
	if status, body := fetchFrom(w.api(), "/sign/one"); status != http.StatusOK || body != "one" {
		t.Errorf("a request gave %d %q", status, body)
	}
	if _, body := fetchFrom(w.api(), "/env?name=AWS_REGION"); body != "eu-west-1" {
		t.Errorf("the region is %q", body)
	}
	for path, want := range map[string]string{contract.ConfigDir + "/" + contract.ConfigFile: `{"network":"hoodi"}`, w.token: "first token"} {
		if got, err := os.ReadFile(filepath.Join(w.launcher.root, path)); err != nil || string(got) != want {
			t.Errorf("%s in the enclave is %q: %v", path, got, err)
		}
	}
	ready := w.measured(`chamber_supervisor_state{state="ready"} 1`, `chamber_supervisor_state{state="booting"} 0`,
		`chamber_credentials_pushes_total{result="success"} 1`, `chamber_enclave_refused_bootstraps_total 0`)
	if !ready || w.measured("chamber_enclave_boot_seconds 0") || w.measured("chamber_enclave_ready_seconds 0") {
		_, body := fetchFrom(w.address(4), "/metrics")
		t.Errorf("metrics:\n%s", body)
	}
	w.term()
	w.wantEnd(t, 0)
	want := []lifecycle.State{lifecycle.Starting, lifecycle.Booting, lifecycle.Bootstrapping, lifecycle.Ready, lifecycle.Draining, lifecycle.Stopped}
	if diff := cmp.Diff(want, w.states()); diff != "" {
		t.Error(diff)
	}
	if log := w.log.String(); !strings.Contains(log, `"msg":"listening","source":"enclave","stream":"stdout"`) || strings.Contains(log, "first token") {
		t.Errorf("log:\n%s", log)
	}
}

// TestAttest: the enclave's document arrives, and before there is an enclave the answer
// says so.
func TestAttest(t *testing.T) {
	hold := make(chan struct{})
	w := newWorld(t, "serve", func(w *world, _ *Options) { w.launcher.hold = hold })
	w.begin(t)
	eventually(t, "its socket is there", func() bool {
		_, err := w.client().Describe(t.Context())
		return err == nil
	})
	request := control.Attestation{Nonce: []byte("nonce,"), UserData: []byte("data,"), PublicKey: []byte("key")}
	if _, err := w.client().Attest(t.Context(), request); err == nil || err.Error() != "the enclave cannot attest: the supervisor is preflight" {
		t.Errorf("too early: %v", err)
	}
	close(hold)
	eventually(t, "it is ready", func() bool { return w.get(t, "/readyz") == http.StatusOK })
	if document, err := w.client().Attest(t.Context(), request); err != nil || string(document) != "nonce,data,key" {
		t.Errorf("%q: %v", document, err)
	}
	w.term()
	w.wantEnd(t, 0)
	if _, err := w.Attest(t.Context(), request); err == nil || err.Error() != "the enclave cannot attest: the supervisor is stopped" {
		t.Errorf("too late: %v", err)
	}
}

// TestSealed: a signer that cannot sign is alive and not ready.
func TestSealed(t *testing.T) {
	w := newWorld(t, "serve")
	w.beginReady(t)
	write(t, w.sealed, "")
	if status, body := fetchFrom(w.address(4), "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "/healthcheck answers 503") {
		t.Errorf("/readyz is %d %q", status, body)
	}
	if got := w.get(t, "/livez"); got != http.StatusOK {
		t.Errorf("/livez is %d", got)
	}
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, "serve", func(w *world, o *Options) {
		w.launcher.findings = []launch.Finding{{Check: "device", Problem: "there is none", Cure: "use an enclave node"}}
		o.Config.ConfigPath = "/nowhere/config.json"
		o.Credentials.Files = []string{"/nowhere/token"}
		o.Measurements = w.folder
	})
	w.begin(t)
	w.wantEnd(t, ExitPreflight, "device: there is none; use an enclave node", "config: ", "/nowhere/token", "measurements: ")
	if w.launcher.running() != nil {
		t.Error("it was started all the same")
	}
}

func TestLaunchFails(t *testing.T) {
	w := newWorld(t, "serve", func(w *world, _ *Options) { w.launcher.refuses = errRefused })
	w.begin(t)
	w.wantEnd(t, ExitLaunch, "the enclave was not started: no CPUs are left")
}

func TestBootTimeout(t *testing.T) {
	w := newWorld(t, "serve", func(w *world, o *Options) {
		w.launcher.mute = true
		o.Timing.Boot = 50 * time.Millisecond
	})
	w.begin(t)
	w.wantEnd(t, ExitLaunch, "gave no sign of life in 50ms", "debug mode")
}

// TestStranger: somebody was faster. The enclave is gone, and everybody hears of it.
func TestStranger(t *testing.T) {
	w := newWorld(t, "stubborn", func(w *world, _ *Options) { w.launcher.meddle = stranger(t) })
	w.begin(t)
	w.wantEnd(t, ExitIntrusion, "somebody else on node node-1 has bootstrapped this enclave first", "AF_VSOCK")
	if !strings.Contains(w.log.String(), "INTRUSION") {
		t.Error("it was not loud")
	}
}

func TestPolicyRefuses(t *testing.T) {
	w := newWorld(t, "serve", func(w *world, _ *Options) {
		w.launcher.policy.Environment = nil
		w.launcher.policy.Files = w.launcher.policy.Files[:1]
	})
	w.begin(t)
	w.wantEnd(t, ExitBootstrap, "measured policy refuses", "environment.AWS_REGION", "file "+w.token, "build the image with a policy that does")
}

func TestPayloadEnds(t *testing.T) {
	w := newWorld(t, "exit")
	w.begin(t)
	w.wantEnd(t, ExitPayload, "the payload has ended with exit code 7")
	if !strings.Contains(w.log.String(), `"msg":"last words","source":"enclave","stream":"stdout"`) {
		t.Error("its last words are lost")
	}
}
