package control

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
)

// Guest is what the server does its calls on. Its errors reach the caller when they
// are an *Error; of others the caller learns only that the guest has failed.
type Guest interface {
	// Bootstrap is called at most once with success. A call that ends with an *Error
	// has changed nothing, and another may follow. After a failure of another kind
	// the enclave ends.
	Bootstrap(ctx context.Context, b Bootstrap) error
	// Status never fails: what cannot be told is left out.
	Status(ctx context.Context) Status
	PutFiles(ctx context.Context, files []File) error
	Attest(ctx context.Context, a Attestation) (document []byte, err error)
	// Stop returns when the payload has been told to end, not when it has.
	Stop(ctx context.Context, s Stop) error
	// Logs hands over lines until the context ends.
	Logs(ctx context.Context, write func(Line) error) error
}

// server is the HTTP side. It knows of tokens, and the guest does not.
type server struct {
	guest Guest
	log   *slog.Logger

	// bootstrapping is held while the guest works on one: of two at the same time
	// one wins. Calls for the status do not wait for it.
	bootstrapping sync.Mutex

	mu      sync.Mutex // of what follows
	token   [sha256.Size]byte
	started bool // a bootstrap has succeeded
	refused uint64
}

// Handler serves the protocol for a guest.
func Handler(guest Guest, log *slog.Logger) http.Handler {
	s := &server{guest: guest, log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/bootstrap", s.bootstrap)
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("PUT /v1/files", s.withToken(s.files))
	mux.HandleFunc("POST /v1/attestation", s.withToken(s.attestation))
	mux.HandleFunc("POST /v1/stop", s.withToken(s.stop))
	mux.HandleFunc("GET /v1/logs", s.withToken(s.logs))
	return mux
}

// NewServer returns an HTTP server for the handler, with the time limits that a
// connection of a stranger must have.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

func (s *server) bootstrap(w http.ResponseWriter, r *http.Request) {
	// First of all: of strangers' bodies, each of megabytes, none is kept.
	if s.refuseSecond() {
		drain(w, r)
		s.conflict(w)
		return
	}
	var b Bootstrap
	if err := decode(w, r, &b); err != nil {
		stranger(w)
		s.fail(w, err)
		return
	}
	s.bootstrapping.Lock()
	defer s.bootstrapping.Unlock()
	if s.refuseSecond() {
		s.conflict(w)
		return
	}
	// Whoever is cut off here does not know of the success, and would take itself for
	// the stranger's victim.
	trust(r, true)
	if err := s.guest.Bootstrap(r.Context(), b); err != nil {
		trust(r, false)
		stranger(w)
		s.fail(w, err)
		return
	}
	s.start(b.Token)
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) conflict(w http.ResponseWriter) {
	stranger(w)
	s.fail(w, Errorf(CodeConflict, "this enclave has been bootstrapped already"))
}

// refuseSecond counts a bootstrap after the first.
func (s *server) refuseSecond() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		s.refused++
		s.log.Error("a second bootstrap was refused: somebody else reaches this enclave", "count", s.refused)
	}
	return s.started
}

func (s *server) start(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.started = sha256.Sum256([]byte(token)), true
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	status := s.guest.Status(r.Context())
	if _, ok := s.authorized(r); !ok {
		stranger(w)
		reply(w, http.StatusOK, Status{State: status.State})
		return
	}
	s.mu.Lock()
	status.RefusedBootstraps = s.refused
	s.mu.Unlock()
	reply(w, http.StatusOK, status)
}

func (s *server) files(w http.ResponseWriter, r *http.Request) {
	var f Files
	err := decode(w, r, &f)
	if err == nil {
		err = s.guest.PutFiles(r.Context(), f.Files)
	}
	s.done(w, err)
}

func (s *server) stop(w http.ResponseWriter, r *http.Request) {
	var stop Stop
	err := decode(w, r, &stop)
	if err == nil {
		err = s.guest.Stop(r.Context(), stop)
	}
	s.done(w, err)
}

func (s *server) attestation(w http.ResponseWriter, r *http.Request) {
	var a Attestation
	err := decode(w, r, &a)
	var document []byte
	if err == nil {
		document, err = s.guest.Attest(r.Context(), a)
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", documentType)
	_, _ = w.Write(document) // the caller has gone; nobody is left to be told
}

// withToken lets through who knows the token.
func (s *server) withToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch started, ok := s.authorized(r); {
		case !started:
			stranger(w)
			s.fail(w, Errorf(CodeConflict, "this enclave has not been bootstrapped yet"))
		case !ok:
			stranger(w)
			s.fail(w, Errorf(CodeUnauthorized, "the bearer token of the bootstrap is needed"))
		default:
			next(w, r)
		}
	}
}

// authorized tells whether there has been a bootstrap, and whether the caller knows its
// token. The connection of one who does is marked.
func (s *server) authorized(r *http.Request) (started, ok bool) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	s.mu.Lock()
	started = s.started
	ok = started && isBearer && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
	s.mu.Unlock()
	if ok {
		trust(r, true)
	}
	return started, ok
}

func (s *server) done(w http.ResponseWriter, err error) {
	if err != nil {
		s.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// fail answers with an error, and logs what the caller does not get to see.
func (s *server) fail(w http.ResponseWriter, err error) {
	e := asError(err)
	if e.Code == CodeInternal {
		s.log.Error("a call of the parent has failed", "error", err)
	}
	reply(w, statusOf[e.Code], e)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone; nobody is left to be told
}
