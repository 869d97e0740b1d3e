//go:build linux

package supervisor

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this binary be the payload, which behaves as its environment says.
func TestMain(m *testing.M) {
	switch os.Getenv("PAYLOAD") {
	case "":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGCHLD) // starts a goroutine that stays
		os.Exit(m.Run())
	case "exit":
		fmt.Println("last words")
		os.Exit(7)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(10 * time.Minute)
	case "serve":
		servePayload()
	}
	os.Exit(0)
}

// servePayload is a signer as far as HTTP goes: it ends as a good server does.
func servePayload() {
	var mu sync.Mutex
	journal, err := os.OpenFile(os.Getenv("JOURNAL"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthcheck", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat(os.Getenv("SEALED")); err == nil {
			http.Error(w, "sealed", http.StatusServiceUnavailable)
		}
	})
	// A request is accepted once it is in the journal, and from then on must be answered.
	mux.HandleFunc("/sign/{id}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		_, _ = fmt.Fprintln(journal, r.PathValue("id"))
		mu.Unlock()
		wait, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		time.Sleep(time.Duration(wait) * time.Millisecond)
		_, _ = io.WriteString(w, r.PathValue("id"))
	})
	mux.HandleFunc("/fetch", func(w http.ResponseWriter, r *http.Request) { fetch(w, r.URL.Query().Get("address")) })
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, os.Getenv(r.URL.Query().Get("name")))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	listener, err := net.Listen("tcp4", "127.0.0.1:"+os.Getenv("API"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("listening")
	go func() { _ = server.Serve(listener) }()
	<-terminated
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	_ = server.Shutdown(ctx)
}

// fetch passes on what an endpoint says.
func fetch(w http.ResponseWriter, address string) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Get("http://" + address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(w, response.Body)
}
