//go:build linux

package supervisor

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// accepted are the requests that the payload has begun with.
func (w *world) accepted(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(w.journal)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(data))
}

// TestDrainLosesNothing: clients with connections that they keep, and others with one for
// each request, go on until nobody is there any more. Each request that the payload has
// accepted got its answer.
func TestDrainLosesNothing(t *testing.T) {
	w := newWorld(t, "serve", func(_ *world, o *Options) { o.Timing.Endpoints = 300 * time.Millisecond })
	w.beginReady(t)
	load := &load{address: w.api()}
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() { load.client(i%2 == 0) })
	}
	eventually(t, "the load is there", func() bool { return load.count() > 200 })
	w.term()
	eventually(t, "it is not ready", func() bool { return w.get(t, "/readyz") != http.StatusOK })
	before := load.count()
	w.wantEnd(t, 0)
	clients.Wait()
	if load.count() <= before {
		t.Error("it did not serve on while it was not ready")
	}
	lost := 0
	for _, id := range w.accepted(t) {
		if _, answered := load.answered.Load(id); !answered {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d accepted requests were not answered", lost, len(w.accepted(t)))
	}
	if !strings.Contains(w.log.String(), `"msg":"connections of clients have ended","cut":0`) {
		t.Error("connections were cut")
	}
	t.Logf("%d requests, none lost", len(w.accepted(t)))
}

// load are clients and what they were answered.
type load struct {
	address  string
	next     atomic.Int64
	answers  atomic.Int64
	answered sync.Map
}

func (l *load) count() int64 { return l.answers.Load() }

// client sends one request after the other until there is nobody to take it.
func (l *load) client(keepAlive bool) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: !keepAlive}, Timeout: deadline}
	defer client.CloseIdleConnections()
	for failures := 0; failures < 20; {
		id := fmt.Sprint(l.next.Add(1))
		response, err := client.Get("http://" + l.address + "/sign/" + id + "?ms=15")
		if err != nil {
			failures++
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != id {
			failures++
			continue
		}
		l.answers.Add(1)
		l.answered.Store(id, true)
	}
}
