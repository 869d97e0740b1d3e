// Command standin has the place of the supervisor's first process in a pod whose image has
// the real supervisor's binary for all else: `kubectl exec` and the preStop hook run that,
// and it asks this program by the admin socket. There is no enclave. Documents are of a
// chain of this process's own, whose root it serves.
package main

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest/attesttest"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// standin is a supervisor without an enclave, and the signer besides.
type standin struct {
	issuer *attesttest.Issuer
	begun  time.Time
	sealed atomic.Bool
}

func run(ctx context.Context) error {
	issuer, err := attesttest.NewIssuer(attesttest.Options{})
	if err != nil {
		return err
	}
	s := &standin{issuer: issuer, begun: time.Now()}
	socket, err := admin.Listen(ctx, filepath.Join(contract.SocketsDir, contract.AdminSocket))
	if err != nil {
		return err
	}
	failed := make(chan error, 3)
	go func() { failed <- admin.Serve(ctx, socket, s) }()
	for _, port := range []int{contract.PortAPI, contract.PortSupervisor} {
		listener, err := net.Listen("tcp", ":"+strconv.Itoa(port)) //nolint:noctx // returns at once
		if err != nil {
			return err
		}
		server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
		go func() { failed <- server.Serve(listener) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (s *standin) handler() http.Handler {
	mux := http.NewServeMux()
	ok := func(http.ResponseWriter, *http.Request) {}
	mux.HandleFunc("GET "+contract.PathUpcheck, ok)
	mux.HandleFunc("GET "+contract.PathLive, ok)
	mux.HandleFunc("GET "+contract.PathHealthcheck, s.health)
	mux.HandleFunc("GET "+contract.PathReady, s.health)
	mux.HandleFunc("GET /api/v1/eth2/publicKeys", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `["0x01","0x02"]`) })
	mux.HandleFunc("POST /api/v1/eth2/sign/{key}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"signature":"0x`+strings.Repeat("ab", 96)+`"}`)
	})
	mux.HandleFunc("POST /seal", func(http.ResponseWriter, *http.Request) { s.sealed.Store(true) })
	mux.HandleFunc("GET /root", func(w http.ResponseWriter, _ *http.Request) {
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: s.issuer.Root().Raw})
	})
	return mux
}

func (s *standin) health(w http.ResponseWriter, _ *http.Request) {
	if s.sealed.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// Describe implements admin.Supervisor, as all of the following.
func (s *standin) Describe(context.Context) (admin.Description, error) {
	return admin.Description{
		State: "ready", Since: s.begun, ProcessID: os.Getpid(),
		Enclave: &admin.Enclave{Name: os.Getenv(contract.EnvPodName), ID: attesttest.ModuleID, CID: 16, State: admin.EnclaveRunning, Started: s.begun},
	}, nil
}

// Attest signs what it is given.
func (s *standin) Attest(_ context.Context, a control.Attestation) ([]byte, error) {
	return s.issuer.Document(s.issuer.Payload().With("nonce", a.Nonce))
}

// Drain is over at once.
func (s *standin) Drain(context.Context) error { return nil }

// Terminate has nothing to end.
func (s *standin) Terminate(context.Context) error { return nil }

// Console has none.
func (s *standin) Console(context.Context) (io.ReadCloser, error) { return nil, launch.ErrNoConsole }
