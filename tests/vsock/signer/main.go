// Command signer is what the enclaves of four chambers run: an HTTP server with the
// signer's paths and two more, by which it tries to get where it should not.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// patience is for one connection to somewhere.
const patience = 20 * time.Second

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "signer:", err)
		os.Exit(1)
	}
}

// serve answers until SIGTERM, and then what it has begun to.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(contract.PortAPI)), Handler: handler(), ReadHeaderTimeout: time.Minute,
	}
	ended := make(chan struct{})
	context.AfterFunc(ctx, func() {
		_ = server.Shutdown(context.Background())
		close(ended)
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-ended
	return nil
}

func handler() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/upcheck", contract.PathHealthcheck} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") })
	}
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, _ *http.Request) {
		answer(w)(os.ReadFile(filepath.Join(contract.ConfigDir, contract.ConfigFile)))
	})
	mux.HandleFunc("GET /fetch", func(w http.ResponseWriter, r *http.Request) { answer(w)(fetch(r.Context(), r.FormValue("url"))) })
	mux.HandleFunc("GET /knock", func(w http.ResponseWriter, r *http.Request) {
		answer(w)(knock(r.Context(), r.FormValue("cid"), r.FormValue("port"), r.FormValue("say")))
	})
	return mux
}

func answer(w http.ResponseWriter) func([]byte, error) {
	return func(data []byte, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(data)
	}
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(response.Body)
}

// knock says something at a vsock port, past all that the guest does for its payload, and
// returns what comes back until the other side closes.
func knock(ctx context.Context, cid, port, say string) ([]byte, error) {
	peer, err := strconv.ParseUint(cid, 10, 32)
	number, other := strconv.ParseUint(port, 10, 32)
	if err := errors.Join(err, other); err != nil {
		return nil, err
	}
	conn, err := (&transport.VSock{Peer: uint32(peer)}).Dial(ctx, uint32(number))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, say) // it may be closed by now
	got, err := io.ReadAll(conn)
	if errors.Is(err, syscall.ECONNRESET) {
		err = nil // as good an end as any
	}
	return got, err
}
