// Package path has the tests of the whole path: the real supervisor, in a container like
// the chamber's pod, starts a signed enclave image in the emulator, and a client outside
// gets signatures from the signer inside.
package path

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/cloud"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/lodestar"
)

// setupToken is one as the real signer makes them.
const setupToken = "cc-setup-Zm9yLXRoZS10ZXN0LW9mLXRoZS13aG9sZS1wYXRo" //nolint:gosec // nobody's

// TestPath goes through the life of a chamber, from its start to a SIGTERM under load.
func TestPath(t *testing.T) {
	r := start(t, chamber.Options{
		Identity: chamber.IRSA(),
		Fixture:  map[string]any{"setup_token": setupToken, "log_requests": true, "signing_delay_ms": 20},
	})
	r.awaitReady(t)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Endpoints", r.testEndpoints}, {"Container", r.testContainer}, {"Measurements", r.testMeasurements}, {"NitroCLI", r.testNitroCLI},
		{"Signatures", r.testSignatures}, {"Lodestar", r.testLodestar}, {"AWS", r.testAWS}, {"Rotation", r.testRotation},
		{"SetupToken", r.testSetupToken}, {"Terminated", r.testTerminated}, {"Secrets", func(t *testing.T) { r.wantKept(t, 1) }},
	} {
		if !t.Run(step.name, step.test) && step.name == "Endpoints" {
			t.FailNow()
		}
	}
}

// testEndpoints asks the supervisor's own port.
func (r *running) testEndpoints(t *testing.T) {
	for path, wants := range map[string][]string{
		contract.PathLive:  {"state: ready\n"},
		contract.PathReady: {"ready\n"},
		contract.PathMetrics: {
			`chamber_supervisor_state{state="ready"} 1`, `chamber_supervisor_state{state="failed"} 0`, "chamber_supervisor_restarts_total 0",
			"chamber_enclave_refused_bootstraps_total 0", "chamber_enclave_memory_size_bytes ", "process_resident_memory_bytes ",
		},
	} {
		status, body, err := r.get(t.Context(), contract.PortSupervisor, path)
		if err != nil || status != http.StatusOK {
			t.Errorf("%s answers %d: %s (%v)", path, status, body, err)
		}
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
	}
	_, body, err := r.get(t.Context(), contract.PortMetrics, contract.PathMetrics)
	if err != nil || !strings.Contains(body, `containment_signer_state{state="unsealed"} 1`) {
		t.Errorf("the signer's metrics: %v\n%s", err, body)
	}
	for _, name := range []string{"chamber_enclave_boot_seconds", "chamber_enclave_ready_seconds"} {
		if r.metric(t, name) <= 0 {
			t.Errorf("%s is %v", name, r.metric(t, name))
		}
	}
}

// testSignatures asks for one of each type, and verifies them with another library.
func (r *running) testSignatures(t *testing.T) {
	keys, err := r.signer().Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %v (%v)", keys, err)
	}
	requests := client.Requests(60)
	for _, request := range requests {
		if err := r.signer().SignAndVerify(t.Context(), keys[0], request, eth2.Networks()[chamber.Network]); err != nil {
			t.Errorf("%s: %v", request.Type, err)
		}
	}
	t.Logf("%d types of signatures are right", len(requests))
}

// testLodestar has a validator client of others sign. It is started in the pod's network,
// and nowhere else.
func (r *running) testLodestar(t *testing.T) {
	c, err := lodestar.Install(t.Context(), os.Stderr)
	if errors.Is(err, lodestar.ErrUnavailable) {
		t.Log("not checked: ", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var checks []lodestar.Check
	err = r.Network.Do(func() (err error) {
		checks, err = c.Run(t.Context(), r.signer().Base, lodestar.FirstEpoch)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		if !check.OK {
			t.Errorf("%s: %s", check.Name, check.Detail)
		}
	}
	t.Logf("%d checks of Lodestar's client", len(checks))
}

// testRotation replaces the token: the signer gets credentials for the new one.
func (r *running) testRotation(t *testing.T) {
	const pushes = `chamber_credentials_pushes_total{result="success"}`
	r.wantIdentity(t, "first")
	before := r.metric(t, pushes) // one is made at the start
	if err := r.Rotate(chamber.Token("second")); err != nil {
		t.Fatal(err)
	}
	r.wantIdentity(t, "second")
	if got := r.AWS.Tokens(); got[0] != chamber.Token("first") || got[len(got)-1] != chamber.Token("second") {
		t.Errorf("STS has seen %d tokens: %q", len(got), got)
	}
	r.eventually(t, func() error { // it counts when it has the enclave's answer
		if got := r.metric(t, pushes); got != before+1 {
			return fmt.Errorf("%v pushes succeeded, and %v had before", got, before)
		}
		return nil
	})
}

// wantIdentity waits until the signer uses the credentials of a token.
func (r *running) wantIdentity(t *testing.T, token string) {
	t.Helper()
	want := awsstub.AccessKeyID(chamber.Token(token))
	r.eventually(t, func() error {
		var identity cloud.Identity
		err := r.signer().Get(t.Context(), "/fixture/credentials", &identity)
		if err == nil && identity.AccessKeyID != want {
			err = fmt.Errorf("the signer uses %+v, want %s", identity, want)
		}
		return err
	})
}

// testTerminated: a SIGTERM under load loses no request that the signer has accepted.
func (r *running) testTerminated(t *testing.T) {
	l := r.startLoad(t)
	if err := r.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.wantNotReady(t)
	r.wantNothingLost(t, l)
}
