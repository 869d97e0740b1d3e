package path

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
)

// Exit codes, as docs/supervisor.md has them.
const (
	// exitPreflight is for a pod or a node without what the enclave needs.
	exitPreflight = 3
	// exitEnclave is for an enclave that has ended by itself.
	exitEnclave = 8
)

// TestDeadEndpoint: while one endpoint refuses, the others serve, and it does once it is
// there. The chamber has its role from EKS Pod Identity. Then it ends as kubelet ends a
// pod: the preStop hook, and a SIGTERM when that has returned.
func TestDeadEndpoint(t *testing.T) {
	r := start(t, chamber.Options{
		Identity: chamber.PodIdentity(), Dead: []string{"dynamodb"}, Fixture: map[string]any{"log_requests": true, "signing_delay_ms": 20},
	})
	t.Run("OthersServe", r.testOthersServe)
	if err := r.Open(t.Context(), "dynamodb"); err != nil {
		t.Fatal(err)
	}
	r.awaitReady(t)
	t.Run("Signatures", r.testSignatures)
	t.Run("Rotation", func(t *testing.T) {
		if err := r.Rotate(chamber.Token("second")); err != nil {
			t.Fatal(err)
		}
		r.wantIdentity(t, "second")
	})
	t.Run("Drained", r.testDrained)
	t.Run("Secrets", func(t *testing.T) { r.wantKept(t, 0) })
}

// testOthersServe: KMS was asked again and again, because what follows does not work.
func (r *running) testOthersServe(t *testing.T) {
	key := awsstub.AccessKeyID(chamber.Token("first"))
	r.eventually(t, func() error {
		served := 0
		for _, request := range r.AWS.Requests() {
			if request == (awsstub.Request{Service: "kms", Action: "Decrypt", AccessKeyID: key, Attested: true, Status: http.StatusOK}) {
				served++
			}
		}
		if served < 2 {
			return fmt.Errorf("KMS has answered %d times", served)
		}
		return nil
	})
	_, body, err := r.get(t.Context(), contract.PortSupervisor, contract.PathMetrics)
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]bool{"dynamodb": true, "kms": false} {
		name := fmt.Sprintf("chamber_bridge_dial_errors_total{endpoint=%q,kind=%q,way=%q}", r.AWS.Host(service)+":443", "refused", "egress")
		if n, err := find(body, name); (n > 0) != want {
			t.Errorf("%s is %v (%v)", name, n, err)
		}
	}
	if status, body, err := r.get(t.Context(), contract.PortSupervisor, contract.PathReady); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("a sealed signer is ready: %d %s (%v)", status, body, err)
	}
	if status, body, err := r.get(t.Context(), contract.PortAPI, contract.PathUpcheck); err != nil || status != http.StatusOK {
		t.Errorf("a sealed signer is not up: %d %s (%v)", status, body, err)
	}
}

// testDrained: the hook returns when the drain is over, and not before.
func (r *running) testDrained(t *testing.T) {
	l := r.startLoad(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	hook := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := r.Exec(ctx, r.Hook...)
		t.Logf("the preStop hook took %.1f s", time.Since(began).Seconds())
		if err == nil {
			err = r.Signal(syscall.SIGTERM)
		}
		hook <- err
	}()
	r.wantNotReady(t)
	r.wantNothingLost(t, l)
	if err := <-hook; err != nil {
		t.Errorf("the preStop hook: %v", err)
	}
	if log := r.Log.String(); strings.Index(log, `"to":"draining"`) > strings.Index(log, `"msg":"signal"`) {
		t.Error("the SIGTERM came before the drain began")
	}
}

// TestEnclaveDies: the death of the enclave's process is the supervisor's end.
func TestEnclaveDies(t *testing.T) {
	r := start(t, chamber.Options{Identity: chamber.IRSA()})
	r.awaitReady(t)
	conn, err := r.Network.Dial(t.Context(), "tcp", address(contract.PortAPI))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// An answer shows that the connection has come to the signer.
	if _, err := io.WriteString(conn, "GET "+contract.PathUpcheck+" HTTP/1.1\r\nHost: signer\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan time.Time, 1)
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		closed <- time.Now()
	}()
	killed := time.Now()
	r.killEmulator(t)
	r.wantUnready(t, killed)
	select {
	case at := <-closed:
		t.Logf("the client's connection ended after %.0f ms", at.Sub(killed).Seconds()*1000)
	case <-time.After(patience):
		t.Error("the client's connection is still open")
	}
	r.wantEnd(t, exitEnclave)
	t.Logf("the supervisor ended after %.0f ms", time.Since(killed).Seconds()*1000)
	text, err := r.Termination()
	if err != nil || !strings.Contains(text, "the enclave has ended by itself") || !strings.Contains(text, "signal: killed") {
		t.Errorf("the termination message is %q (%v)", text, err)
	}
	if !strings.Contains(r.Log.String(), `"to":"failed"`) {
		t.Error("the log has no failure")
	}
}

// TestToldToEndEarly: a supervisor whose enclave boots yet has nothing to drain.
func TestToldToEndEarly(t *testing.T) {
	r := start(t, chamber.Options{Identity: chamber.IRSA()})
	r.eventually(t, func() error {
		if !strings.Contains(r.Log.String(), `"to":"booting"`) {
			return errors.New("the enclave does not boot yet")
		}
		return nil
	})
	told := time.Now()
	if err := r.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.wantEnd(t, 0)
	t.Logf("it ended after %.0f ms", time.Since(told).Seconds()*1000)
	if log := r.Log.String(); strings.Contains(log, `"to":"ready"`) || !strings.Contains(log, `"to":"stopped"`) {
		t.Error("the log has other states")
	}
}

// TestPreflight: what the pod lacks is said before anything is started, with the cure.
func TestPreflight(t *testing.T) {
	r := start(t, chamber.Options{Identity: chamber.IRSA(), TempBytes: 1 << 20})
	r.wantEnd(t, exitPreflight)
	text, err := r.Termination()
	if err != nil || !strings.Contains(text, "room: /tmp has ") || !strings.Contains(text, "a larger size") {
		t.Errorf("the termination message is %q (%v)", text, err)
	}
	if strings.Contains(r.Log.String(), `"to":"starting"`) {
		t.Error("the enclave was started")
	}
}

// soon is a bound for what takes a fraction of a second on a machine with nothing else to
// do: less than the time without an answer after which an enclave counts as lost.
const soon = 10 * time.Second

// wantUnready polls /readyz until it does not answer 200.
func (r *running) wantUnready(t *testing.T, since time.Time) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		status, body, err := r.get(t.Context(), contract.PortSupervisor, contract.PathReady)
		if err == nil && status == http.StatusOK {
			continue
		}
		took := time.Since(since)
		t.Logf("not ready after %.0f ms: %d %s (%v)", took.Seconds()*1000, status, strings.TrimSpace(body), err)
		if took > soon {
			t.Errorf("it was ready for %v without an enclave", took)
		}
		return
	}
	t.Error("it is still ready")
}

// killEmulator ends the one QEMU that is a child of the supervisor.
func (r *running) killEmulator(t *testing.T) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range processes {
		data, err := os.ReadFile(filepath.Join(dir, "status"))
		text := string(data)
		if err != nil || !strings.HasPrefix(text, "Name:\tqemu-system") || !strings.Contains(text, "\nPPid:\t"+strconv.Itoa(r.PID)+"\n") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the supervisor has no QEMU")
}
