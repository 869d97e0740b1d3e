// Command payload is what the images of the guest's tests run: an HTTP server that
// tells what it sees, and does what it is asked to.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

func main() {
	if err := serveMetrics(); err != nil {
		fmt.Fprintln(os.Stderr, "payload:", err)
		os.Exit(1)
	}
	fmt.Println("hello from the payload")
	fmt.Fprintln(os.Stderr, "and from its standard error")
	// Ends with the process, so that an error is all that it can return.
	fmt.Fprintln(os.Stderr, "payload:", serve())
	os.Exit(1)
}

// serveMetrics speaks vsock itself on one port, and TCP on the same number.
func serveMetrics() error {
	anybody := &transport.VSock{Peer: transport.AnyCID}
	own, err := anybody.Listen(context.Background(), contract.PortMetrics)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	tcp, err := config.Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", contract.PortMetrics))
	if err != nil {
		return err
	}
	for name, listener := range map[string]net.Listener{"vsock": own, "tcp": tcp} {
		server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "by", name)
		})}
		go func() { fmt.Fprintln(os.Stderr, "payload:", server.Serve(listener)) }()
	}
	return nil
}

func serve() error {
	mux := http.NewServeMux()
	mux.HandleFunc("/upcheck", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up") })
	mux.HandleFunc("/self", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, self()) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func() ([]byte, error) { return os.ReadFile(r.FormValue("path")) })
	})
	mux.HandleFunc("/fetch", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func() ([]byte, error) { return fetch(r.FormValue("url")) })
	})
	mux.HandleFunc("/flood", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("lines"))
		for i := range n {
			fmt.Println("flood", i)
		}
	})
	mux.HandleFunc("/exit", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.FormValue("code"))
		os.Exit(code)
	})
	server := &http.Server{Addr: "127.0.0.1:9000", Handler: mux, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

func answer(w http.ResponseWriter, get func() ([]byte, error)) {
	data, err := get()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(data)
}

func fetch(url string) ([]byte, error) {
	client := &http.Client{Timeout: time.Minute}
	response, err := client.Get(url) //nolint:noctx // it has a timeout
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(response.Body)
}

// self says who this process is, and what it has.
func self() string {
	var b strings.Builder
	dir, _ := os.Getwd()
	fmt.Fprintf(&b, "uid %d gid %d dir %s time %d\n", os.Getuid(), os.Getgid(), dir, time.Now().Unix())
	fmt.Fprintf(&b, "args %q\nenv %q\n", os.Args, os.Environ())
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "NoNewPrivs:") || strings.HasPrefix(line, "CapEff:") || strings.HasPrefix(line, "Groups:") {
			fmt.Fprintln(&b, strings.Join(strings.Fields(line), " "))
		}
	}
	addresses, _ := net.InterfaceAddrs()
	root, err := os.ReadDir("/")
	fmt.Fprintf(&b, "addresses %v\nroot %v %v\n", addresses, root, err)
	return b.String()
}
