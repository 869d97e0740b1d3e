package podlink

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var pod = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "signers", Name: "p"}}

func TestExec(t *testing.T) {
	var query map[string][]string
	s := &server{t: t, run: func(q map[string][]string, stdout, _ io.Writer) int {
		query = q
		fmt.Fprint(stdout, "hello")
		return 0
	}}
	out, err := s.link().Exec(t.Context(), pod, "signer", "describe", "-x")
	if err != nil || string(out) != "hello" {
		t.Fatalf("%q: %v", out, err)
	}
	want := map[string][]string{"command": {"describe", "-x"}, "container": {"signer"}, "stdout": {"true"}, "stderr": {"true"}}
	if diff := cmp.Diff(want, query); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	path := "/api/v1/namespaces/signers/pods/p/exec"
	if diff := cmp.Diff([]string{"GET " + path, "POST " + path}, s.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestExecFails(t *testing.T) {
	for want, run := range map[string]func(map[string][]string, io.Writer, io.Writer) int{
		"exit code 7": func(map[string][]string, io.Writer, io.Writer) int { return 7 },
		"there is no enclave": func(_ map[string][]string, _, stderr io.Writer) int {
			fmt.Fprintln(stderr, "there is no enclave")
			return 1
		},
		strings.Repeat("y", 99): func(_ map[string][]string, _, stderr io.Writer) int {
			fmt.Fprint(stderr, strings.Repeat("y", 99))
			return 1
		},
		strings.Repeat("x", MaxComplaint): func(_ map[string][]string, _, stderr io.Writer) int {
			fmt.Fprint(stderr, strings.Repeat("x", 3*MaxComplaint))
			return 1
		},
	} {
		out, err := (&server{t: t, run: run}).link().Exec(t.Context(), pod, "signer", "c")
		var exit *ExitError
		if !errors.As(err, &exit) || err.Error() != want || out != nil {
			t.Errorf("%q: %.200v, want %.20s", out, err, want)
		}
	}
}

// TestExecEnds: a command that never ends, or writes for ever, is left behind.
func TestExecEnds(t *testing.T) {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	silent := &server{t: t, run: func(map[string][]string, io.Writer, io.Writer) int { <-ended; return 0 }}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := silent.link().Exec(ctx, pod, "signer", "c"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent command: %v", err)
	}
	chatty := &server{t: t, run: func(_ map[string][]string, stdout, _ io.Writer) int {
		for {
			if _, err := stdout.Write(make([]byte, 1<<16)); err != nil {
				return 0
			}
		}
	}}
	if _, err := chatty.link().Exec(t.Context(), pod, "signer", "c"); !errors.Is(err, errTooLong) {
		t.Errorf("a chatty command: %v", err)
	}
}

func TestForbidden(t *testing.T) {
	link := (&server{t: t}).link()
	if _, err := link.Exec(t.Context(), pod, "signer", "c"); err == nil || !strings.Contains(err.Error(), forbidden) {
		t.Errorf("exec: %v", err)
	}
	if _, err := link.Dial(t.Context(), pod, 9000); err == nil || !strings.Contains(err.Error(), forbidden) {
		t.Errorf("dial: %v", err)
	}
}

// get asks a port of the pod over HTTP.
func get(t *testing.T, link *Link, port int) (string, error) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return link.Dial(ctx, pod, port) },
		DisableKeepAlives: true,
	}}
	response, err := c.Get("http://pod/upcheck")
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestDial(t *testing.T) {
	s := &server{t: t, answer: func(port string, data io.ReadWriter) string {
		request, err := http.ReadRequest(bufio.NewReader(data))
		if err != nil {
			return err.Error()
		}
		text := request.URL.Path + " at " + port
		fmt.Fprintf(data, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		return ""
	}}
	if body, err := get(t, s.link(), 9000); err != nil || body != "/upcheck at 9000" {
		t.Errorf("%q: %v", body, err)
	}
}

// TestDialRefused: the kubelet's words arrive, not only the end of the connection.
func TestDialRefused(t *testing.T) {
	const refused = "failed to connect to localhost:9000: connection refused"
	s := &server{t: t, answer: func(string, io.ReadWriter) string { return refused }}
	if _, err := get(t, s.link(), 9000); err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("got %v", err)
	}
}

func TestDialEnds(t *testing.T) {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	s := &server{t: t, answer: func(string, io.ReadWriter) string { <-ended; return "" }}
	c, err := s.link().Dial(t.Context(), pod, 9000)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; err == nil {
		t.Error("a closed connection can be read")
	}
}
