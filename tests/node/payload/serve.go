package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// server answers the probes. /fail and /recover decide what the readiness probe hears.
type server struct{ unready atomic.Bool }

func serve(ctx context.Context) error {
	s := &server{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathUpcheck, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET "+contract.PathHealthcheck, s.health)
	mux.HandleFunc("GET "+contract.PathReady, s.health)
	mux.HandleFunc("POST /fail", func(http.ResponseWriter, *http.Request) { s.unready.Store(true) })
	mux.HandleFunc("POST /recover", func(http.ResponseWriter, *http.Request) { s.unready.Store(false) })
	mux.HandleFunc("POST /drain", s.drain)

	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	failed := make(chan error, 2)
	var servers []*http.Server
	for _, port := range []int{contract.PortAPI, contract.PortSupervisor} { // the signer's, and that of the readiness probe
		server := &http.Server{Addr: ":" + strconv.Itoa(port), Handler: mux, ReadHeaderTimeout: time.Minute}
		servers = append(servers, server)
		go func() { failed <- server.ListenAndServe() }()
	}
	log.Print("started")
	select {
	case err := <-failed:
		return err
	case <-end:
	}
	log.Print("told to end")
	if os.Getenv("STUBBORN") != "" {
		select {} // until the kubelet's patience is over
	}
	log.Print("ends")
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	if s.unready.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// drain is over when the answer comes, as the supervisor's is.
func (s *server) drain(_ http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(os.Getenv(contract.EnvDrainSeconds))
	if err != nil {
		log.Printf("%s: %v", contract.EnvDrainSeconds, err)
	}
	log.Print("drain begins")
	s.unready.Store(true)
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
		log.Print("drain is over")
	case <-r.Context().Done():
		log.Print("drain is cut off")
	}
}

// post tells the running server something.
func post(ctx context.Context, path string) error {
	url := fmt.Sprintf("http://127.0.0.1:%d%s", contract.PortAPI, path)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
