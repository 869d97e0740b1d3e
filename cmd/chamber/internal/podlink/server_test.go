package podlink

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// server is an API server, and the kubelet behind it, that knows only SPDY, as those of
// before Kubernetes 1.30 and proxies of today do. WebSockets are tested on a real kubelet.
type server struct {
	t *testing.T
	// run is a command: it writes its output and returns its exit code.
	run func(query map[string][]string, stdout, stderr io.Writer) int
	// answer is who listens on the pod's port: it returns what it does not want to answer.
	answer func(port string, data io.ReadWriter) (complaint string)

	mu    sync.Mutex
	asked []string
}

const forbidden = `pods "p" is forbidden: User "u" cannot create resource "pods/exec"`

func (s *server) link() *Link {
	s.t.Helper()
	listener := httptest.NewServer(s)
	s.t.Cleanup(listener.Close)
	config := &rest.Config{Host: listener.URL}
	core, err := client.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	return New(config, core)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	switch {
	case s.run == nil && s.answer == nil:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: "Forbidden", Code: 403, Message: forbidden,
		})
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		http.Error(w, "you must use SPDY", http.StatusBadRequest)
	case strings.HasSuffix(r.URL.Path, "/exec"):
		s.exec(w, r)
	default:
		s.forward(w, r)
	}
}

// streams are those of a connection by their type, once there are as many as expected.
func (s *server) streams(w http.ResponseWriter, r *http.Request, protocol string, count int) (httpstream.Connection, map[string]httpstream.Stream) {
	if _, err := httpstream.Handshake(r, w, []string{protocol}); err != nil {
		s.t.Error(err)
		return nil, nil
	}
	arriving := make(chan httpstream.Stream, count)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
		arriving <- stream
		return nil
	})
	all := map[string]httpstream.Stream{}
	for len(all) < count {
		select {
		case stream := <-arriving:
			all[stream.Headers().Get(corev1.StreamType)] = stream
		case <-connection.CloseChan():
			return nil, nil
		}
	}
	return connection, all
}

func (s *server) exec(w http.ResponseWriter, r *http.Request) {
	connection, streams := s.streams(w, r, "v4.channel.k8s.io", 3)
	if connection == nil {
		return
	}
	defer func() { _ = connection.Close() }()
	status := metav1.Status{Status: metav1.StatusSuccess}
	if code := s.run(r.URL.Query(), streams[corev1.StreamTypeStdout], streams[corev1.StreamTypeStderr]); code != 0 {
		status = metav1.Status{
			Status: metav1.StatusFailure, Reason: "NonZeroExitCode", Message: "command terminated",
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "ExitCode", Message: fmt.Sprint(code)}}},
		}
	}
	_ = streams[corev1.StreamTypeStdout].Close()
	_ = streams[corev1.StreamTypeStderr].Close()
	_ = json.NewEncoder(streams[corev1.StreamTypeError]).Encode(status)
	_ = streams[corev1.StreamTypeError].Close()
	<-connection.CloseChan() // the client goes first
}

func (s *server) forward(w http.ResponseWriter, r *http.Request) {
	connection, streams := s.streams(w, r, "portforward.k8s.io", 2)
	if connection == nil {
		return
	}
	defer func() { _ = connection.Close() }()
	data, complaints := streams[corev1.StreamTypeData], streams[corev1.StreamTypeError]
	if complaint := s.answer(data.Headers().Get(corev1.PortHeader), data); complaint != "" {
		_, _ = io.WriteString(complaints, complaint)
	}
	_ = data.Close()
	_ = complaints.Close()
	<-connection.CloseChan()
}
