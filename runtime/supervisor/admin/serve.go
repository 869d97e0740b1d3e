package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

const (
	pathDescription = "/v1/description"
	pathDrain       = "/v1/drain"
	pathTerminate   = "/v1/terminate"
	pathConsole     = "/v1/console"
)

const (
	headerTimeout = 10 * time.Second
	// endGrace is how long calls that are under way may take once Serve is to end: the
	// answer to a drain must arrive, or kubelet reports a failed preStop hook.
	endGrace = 2 * time.Second
)

// failure is the body of an answer that is no success.
type failure struct {
	Error string `json:"error"`
	// NoConsole stands for launch.ErrNoConsole.
	NoConsole bool `json:"noConsole,omitempty"`
}

// Serve answers on a listener until ctx ends, and returns nil then. It closes the
// listener. Calls under way get two seconds to end, and consoles none.
func Serve(ctx context.Context, listener net.Listener, supervisor Supervisor) error {
	// Calls do not end with ctx: one for a drain is about to be answered.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler:           handler(supervisor, func(f func()) func() bool { return context.AfterFunc(ctx, f) }),
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	grace, stop := context.WithTimeout(base, endGrace)
	defer stop()
	if err := server.Shutdown(grace); err != nil { // the grace is over
		cancel()
		_ = server.Close()
	}
	<-ended
	return nil
}

// handler answers calls. Consoles alone end with Serve: atEnd calls a function then, and
// returns what takes that back.
func handler(s Supervisor, atEnd func(func()) func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathDescription, func(w http.ResponseWriter, r *http.Request) {
		d, err := s.Describe(r.Context())
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, d)
	})
	mux.HandleFunc("POST "+pathDrain, act(s.Drain))
	mux.HandleFunc("POST "+pathTerminate, act(s.Terminate))
	mux.Handle("POST "+pathAttestation, newAttestations(s))
	mux.HandleFunc("GET "+pathConsole, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer atEnd(cancel)()
		console, err := s.Console(ctx)
		if err != nil {
			fail(w, err)
			return
		}
		stream(ctx, w, console)
	})
	return mux
}

func act(call func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := call(r.Context()); err != nil {
			fail(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// stream copies a console to its reader as it comes, until one of them ends.
func stream(ctx context.Context, w http.ResponseWriter, console io.ReadCloser) {
	defer func() { _ = console.Close() }()
	defer context.AfterFunc(ctx, func() { _ = console.Close() })() // ends a Read that waits
	w.Header().Set("Content-Type", "application/octet-stream")
	connection := http.NewResponseController(w)
	_ = connection.Flush() // the reader knows that it is connected
	buffer := make([]byte, 4096)
	for {
		n, err := console.Read(buffer)
		if _, failed := w.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
		if err := connection.Flush(); err != nil {
			return
		}
	}
}

func fail(w http.ResponseWriter, err error) {
	noConsole := errors.Is(err, launch.ErrNoConsole)
	status := http.StatusInternalServerError
	if noConsole {
		status = http.StatusConflict
	}
	answer(w, status, failure{Error: err.Error(), NoConsole: noConsole})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller that is gone needs no answer
}
