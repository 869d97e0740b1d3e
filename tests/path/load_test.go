package path

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/eth2"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/service"
)

const (
	// clients is how many there are, half of which keep their connections.
	clients = 8
	// enough is how many answers make a load.
	enough = 40
	// given up is how many failures one after the other make a client stop.
	givenUp = 20
)

// load are clients and what they were answered.
type load struct {
	running  *running
	key      eth2.PublicKey
	want     []byte // the signature, which is always the same
	answers  atomic.Int64
	answered sync.Map // by the request's id
	wrong    atomic.Int64
	clients  sync.WaitGroup
}

// startLoad starts the clients, and returns when there is a load.
func (r *running) startLoad(t *testing.T) *load {
	t.Helper()
	keys, err := r.signer().Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := &load{running: r, key: keys[0]}
	if l.want, err = r.signer().Sign(t.Context(), l.key, client.Randao(1)); err != nil {
		t.Fatal(err)
	}
	for i := range clients {
		l.clients.Go(func() { l.client(t, i) })
	}
	r.eventually(t, func() error {
		if n := l.answers.Load(); n < enough {
			return fmt.Errorf("%d answers have come", n)
		}
		return nil
	})
	return l
}

// client sends one request after the other until there is nobody to take it.
func (l *load) client(t *testing.T, number int) {
	transport := &http.Transport{DialContext: l.running.Network.Dial, DisableKeepAlives: number%2 == 0}
	defer transport.CloseIdleConnections()
	named := &naming{next: transport}
	c := client.Client{Base: l.running.signer().Base, HTTP: &http.Client{Transport: named, Timeout: patience}}
	for failures, i := 0, 0; failures < givenUp && t.Context().Err() == nil; i++ {
		named.id = fmt.Sprintf("%d-%d", number, i)
		signature, err := c.Sign(t.Context(), l.key, client.Randao(1))
		if err != nil {
			failures++
			time.Sleep(20 * time.Millisecond)
			continue
		}
		failures = 0
		if !bytes.Equal(signature, l.want) {
			l.wrong.Add(1)
		}
		l.answered.Store(named.id, true)
		l.answers.Add(1)
	}
}

// naming gives each request a name, by which the signer's log has it.
type naming struct {
	next http.RoundTripper
	id   string
}

// RoundTrip implements [http.RoundTripper].
func (n *naming) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Request-Id", n.id)
	return n.next.RoundTrip(r)
}

// wantNotReady waits until /readyz says that the pod was told to end. It is served on.
func (r *running) wantNotReady(t *testing.T) {
	t.Helper()
	began := time.Now()
	r.eventually(t, func() error {
		status, body, err := r.get(t.Context(), contract.PortSupervisor, contract.PathReady)
		if err != nil {
			return err
		}
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "draining") {
			return fmt.Errorf("%s answers %d: %s", contract.PathReady, status, body)
		}
		return nil
	})
	t.Logf("not ready after %.0f ms", time.Since(began).Seconds()*1000)
}

// wantNothingLost waits for the end, which must be in good order, and compares what the
// signer has accepted with what was answered.
func (r *running) wantNothingLost(t *testing.T, l *load) {
	t.Helper()
	began, before := time.Now(), l.answers.Load()
	r.wantEnd(t, 0)
	took := time.Since(began)
	l.clients.Wait()
	if l.answers.Load() <= before {
		t.Error("it did not serve on while it was not ready")
	}
	if took < contract.EndpointSeconds/2*time.Second {
		t.Errorf("it ended after %v, before anybody could hear of it", took)
	}
	accepted, lost := 0, []string{}
	for _, line := range r.lines(t) {
		if line.Dropped > 0 {
			t.Errorf("the log lacks lines: %s", line.text)
		}
		if line.Cut != nil && *line.Cut != 0 {
			t.Errorf("connections were cut: %s", line.text)
		}
		if line.Entry.Msg != service.Accepted || line.Entry.ID == "" {
			continue
		}
		accepted++
		if _, answered := l.answered.Load(line.Entry.ID); !answered {
			lost = append(lost, line.Entry.ID)
		}
	}
	answers := int(l.answers.Load())
	if len(lost) > 0 || accepted != answers || l.wrong.Load() > 0 {
		t.Errorf("%d requests were accepted, %d answered, %d of them wrongly, these not: %v", accepted, answers, l.wrong.Load(), lost)
	}
	t.Logf("%d requests under load, none lost; ended %.1f s after it was told to", accepted, took.Seconds())
	if text, err := r.Termination(); err != nil || text != "" {
		t.Errorf("the termination message is %q (%v)", text, err)
	}
}
