// Command payload is what the enclave of these tests runs: an HTTP server that does what
// it is asked to, and one of plain streams. It ignores SIGTERM.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/vsock/stream"
)

func main() {
	signal.Ignore(syscall.SIGTERM)
	fmt.Println("hello from the payload")
	streams := &stream.Server{}
	listener, err := net.Listen("tcp4", loopback(contract.PortMetrics)) //nolint:noctx // for as long as the process lives
	if err == nil {
		go func() { fmt.Fprintln(os.Stderr, "payload:", streams.Serve(listener)) }()
		server := &http.Server{Addr: loopback(contract.PortAPI), Handler: handler(streams), ReadHeaderTimeout: time.Minute}
		err = server.ListenAndServe()
	}
	fmt.Fprintln(os.Stderr, "payload:", err)
	os.Exit(1)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func handler(streams *stream.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/upcheck", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "up") })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func() ([]byte, error) { return os.ReadFile(r.FormValue("path")) })
	})
	mux.HandleFunc("/fetch", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func() ([]byte, error) { return fetch(r.FormValue("url")) })
	})
	// A stream to another machine, which is over when it is answered.
	mux.HandleFunc("/exchange", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func() ([]byte, error) { return exchange(r.FormValue("address"), r.FormValue("size")) })
	})
	// And one that is not over for as long as it can be written.
	mux.HandleFunc("/pour", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func() ([]byte, error) { return nil, pour(streams, r.FormValue("address")) })
	})
	mux.HandleFunc("/streams", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, func() ([]byte, error) { return json.Marshal(streams.Count()) })
	})
	mux.HandleFunc("/flood", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("lines"))
		for i := range n {
			fmt.Println("flood", i)
		}
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { go panic("as it was asked to") })
	return mux
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
	return io.ReadAll(response.Body)
}

func exchange(address, size string) ([]byte, error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("tcp", address, time.Minute) //nolint:noctx // it has a timeout
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	got, err := stream.Exchange(conn.(*net.TCPConn), n)
	return []byte(got), err
}

func pour(streams *stream.Server, address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Minute) //nolint:noctx // it has a timeout
	if err == nil {
		go streams.Pour(conn, stream.Sink)
	}
	return err
}
