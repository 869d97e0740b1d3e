package metrics

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var states = []string{"preflight", "booting", "ready", "failed"}

type fakeBridge bridge.Stats

func (b fakeBridge) Stats() bridge.Stats { return bridge.Stats(b) }

// filled has seen something of everything.
func filled() *Metrics {
	m := New(Options{Version: "v1.2.3", States: states, Restarts: 2})
	for _, state := range []string{"preflight", "booting", "ready", "ready"} {
		m.Transition(state)
	}
	m.Booted(1500 * time.Millisecond)
	m.Ready(2250 * time.Millisecond)
	m.Pushed(nil)
	m.Pushed(errors.New("away"))
	m.lastPush.Set(1e9) // not the time of the test
	m.Guest(control.Status{RefusedBootstraps: 1, DroppedLogLines: 3, Memory: &control.Memory{Total: 1 << 30, Available: 1 << 29}})
	m.Add(Ingress, "api", fakeBridge{
		Accepted: 10, Open: 2, Active: 1, Sent: 1000, Received: 500,
		DialErrors: map[bridge.DialError]uint64{bridge.DialTimeout: 1}, Ended: map[bridge.End]uint64{bridge.EndClosed: 7, bridge.EndDialFailed: 1},
	}, nil)
	m.Add(Egress, "kms.eu-central-1.amazonaws.com:443", fakeBridge{AcceptErrors: 4}, func() uint64 { return 5 })
	observe := m.Observer(Ingress, "api")
	observe(bridge.Result{End: bridge.EndClosed, Duration: 3 * time.Millisecond, DialTime: 80 * time.Microsecond})
	observe(bridge.Result{End: bridge.EndDialFailed, Duration: 10 * time.Second, DialTime: 10 * time.Second})
	observe(bridge.Result{End: bridge.EndRefused, Duration: time.Microsecond})
	return m
}

// exposed is what a Prometheus gets of our own metrics.
func exposed(t *testing.T, m *Metrics) string {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			t.Fatal(err)
		}
	}
	return strings.ReplaceAll(out.String(), runtime.Version(), "GO")
}

func TestGolden(t *testing.T) {
	for name, m := range map[string]*Metrics{"filled": filled(), "new": New(Options{Version: "v1.2.3", States: states})} {
		path := filepath.Join("testdata", name+".txt")
		got := exposed(t, m)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestLint: names and units are as Prometheus wants them.
func TestLint(t *testing.T) {
	text := exposed(t, filled())
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, name := range names(text) {
		if !strings.HasPrefix(name, "chamber_") {
			t.Errorf("%s has no prefix", name)
		}
	}
}

var typeLine = regexp.MustCompile(`(?m)^# TYPE (\S+) `)

func names(text string) []string {
	var all []string
	for _, m := range typeLine.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

// TestDocumented: the table for people has every metric and no other.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/supervisor-metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(chamber_[a-z_]+)` ").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	if diff := cmp.Diff(names(exposed(t, filled())), documented); diff != "" {
		t.Errorf("(-code +page):\n%s", diff)
	}
}

func TestHandler(t *testing.T) {
	m := filled()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for _, want := range []string{`chamber_supervisor_state{state="ready"} 1`, "go_goroutines ", "process_resident_memory_bytes "} {
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("status %d without %s", w.Code, want)
		}
	}
}

// TestAtTheSameTime is for the race detector.
func TestAtTheSameTime(t *testing.T) {
	m := New(Options{States: states})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("host-%d:443", i)
			m.Add(Egress, name, fakeBridge{}, func() uint64 { return 0 })
			m.Observer(Egress, name)(bridge.Result{})
			m.Transition(states[i%len(states)])
			m.Guest(control.Status{})
			m.Pushed(nil)
			if _, err := m.registry.Gather(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := currentStates(t, m); n != 1 {
		t.Errorf("%d states at once", n)
	}
}

func currentStates(t *testing.T, m *Metrics) int {
	t.Helper()
	return len(regexp.MustCompile(`(?m)^chamber_supervisor_state\{.*\} 1$`).FindAllString(exposed(t, m), -1))
}

// TestOneState: of all states exactly one has 1.
func TestOneState(t *testing.T) {
	m := New(Options{States: states})
	for _, state := range append(slices.Clone(states), "unheard of", "ready") {
		m.Transition(state)
		if n := currentStates(t, m); n != 1 {
			t.Errorf("%s: %d states at once", state, n)
		}
	}
}
