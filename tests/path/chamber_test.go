package path

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/pod"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/service"
)

// running is a chamber, and a client outside of it.
type running struct {
	*chamber.Chamber
	http *http.Client
}

// start starts a chamber. What it has logged is shown when the test fails.
func start(t *testing.T, o chamber.Options) *running {
	t.Helper()
	b := built(t)
	began := time.Now()
	c, err := b.Start(t.Context(), t.TempDir(), o)
	if errors.Is(err, pod.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := &running{c, c.HTTP()}
	t.Cleanup(func() {
		r.http.CloseIdleConnections()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the supervisor's log, without %q:\n%s", service.Accepted, without(c.Log.String(), service.Accepted))
		}
	})
	t.Logf("the container runs after %.2f s", time.Since(began).Seconds())
	return r
}

// without leaves lines out of a text.
func without(text, word string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, word) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// get asks one of the pod's ports.
func (r *running) get(ctx context.Context, port int, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address(port)+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	request.Close = true
	response, err := r.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// awaitReady waits as kubelet does, by /readyz.
func (r *running) awaitReady(t *testing.T) {
	t.Helper()
	began := time.Now()
	r.eventually(t, func() error {
		status, body, err := r.get(t.Context(), contract.PortSupervisor, contract.PathReady)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s answers %d: %s", contract.PathReady, status, body)
		}
		return err
	})
	t.Logf("ready %.2f s later", time.Since(began).Seconds())
}

// eventually repeats until there is nothing to complain of, or the container has ended.
func (r *running) eventually(t *testing.T, complaint func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := complaint()
		if err == nil {
			return
		}
		select {
		case <-r.Done():
			t.Fatalf("the container has ended: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// signer is a client of the pod's port for signing.
func (r *running) signer() *client.Client {
	return &client.Client{Base: "http://" + address(contract.PortAPI), HTTP: r.http}
}

// wantEnd waits for the end and returns how long that took.
func (r *running) wantEnd(t *testing.T, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, err := r.Wait(ctx)
	if err != nil || got != code {
		t.Fatalf("the supervisor has ended with %d (%v), want %d", got, err, code)
	}
}
