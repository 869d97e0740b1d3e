package service

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// buckets are the upper bounds of signing_duration_seconds.
var buckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5}

// outcomes are counted by type and status.
type outcomeKey struct {
	kind   string
	status int
}

// metrics are those of the real signer that a fixture can have, under the same names
// (upstream's observability page). Labels are ours.
type metrics struct {
	mu       sync.Mutex
	requests map[outcomeKey]int
	counts   []int // of each bucket, and of what is above them
	seconds  float64
	slashing int
	auth     int
}

func newMetrics() *metrics {
	return &metrics{requests: map[outcomeKey]int{}, counts: make([]int, len(buckets)+1)}
}

func (m *metrics) signed(kind string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[outcomeKey{kindOf(kind), status}]++
	i, _ := slices.BinarySearch(buckets, took.Seconds())
	m.counts[i]++
	m.seconds += took.Seconds()
	if status == statusSlashing {
		m.slashing++
	}
}

func (m *metrics) authRejected() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.auth++
}

func (s *Service) metricsRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+contract.PathMetrics, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = io.WriteString(w, s.exposition())
	})
	return mux
}

// exposition is Prometheus's text format.
func (s *Service) exposition() string {
	var b strings.Builder
	metric := func(name, kind string, value any) {
		fmt.Fprintf(&b, "# TYPE containment_%s %s\ncontainment_%s %v\n", name, kind, name, value)
	}
	healthy := 0
	if s.unsealed.Load() {
		healthy = 1
	}
	metric("healthy", "gauge", healthy)
	metric("keys_active", "gauge", len(s.list()))
	metric("signing_concurrency_limit", "gauge", cap(s.slots))
	metric("signing_semaphore_available", "gauge", cap(s.slots)-len(s.slots))
	fmt.Fprintf(&b, "# TYPE containment_signer_state gauge\n")
	for _, state := range []string{"sealed", "unsealed"} {
		value := 0
		if state == s.state() {
			value = 1
		}
		fmt.Fprintf(&b, "containment_signer_state{state=%q} %d\n", state, value)
	}
	s.metrics.write(&b, metric)
	return b.String()
}

func (m *metrics) write(b *strings.Builder, metric func(name, kind string, value any)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	metric("slashing_rejections_total", "counter", m.slashing)
	metric("auth_rejections_total", "counter", m.auth)
	fmt.Fprintf(b, "# TYPE containment_signing_requests_total counter\n")
	keys := slices.SortedFunc(maps.Keys(m.requests), func(a, b outcomeKey) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	for _, k := range keys {
		fmt.Fprintf(b, "containment_signing_requests_total{type=%q,status=\"%d\"} %d\n", k.kind, k.status, m.requests[k])
	}
	fmt.Fprintf(b, "# TYPE containment_signing_duration_seconds histogram\n")
	sum := 0
	for i, bound := range buckets {
		sum += m.counts[i]
		fmt.Fprintf(b, "containment_signing_duration_seconds_bucket{le=\"%g\"} %d\n", bound, sum)
	}
	sum += m.counts[len(buckets)]
	fmt.Fprintf(b, "containment_signing_duration_seconds_bucket{le=\"+Inf\"} %d\n", sum)
	fmt.Fprintf(b, "containment_signing_duration_seconds_sum %g\ncontainment_signing_duration_seconds_count %d\n", m.seconds, sum)
}
