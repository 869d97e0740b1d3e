package metrics

import (
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
)

const namespace = "chamber"

// Limits of the handler: a scrape takes milliseconds.
const (
	maxScrapes    = 4
	scrapeTimeout = 5 * time.Second
)

// Options say what does not change.
type Options struct {
	// Version is the supervisor's.
	Version string
	// States are all that the supervisor can be in.
	States []string
	// Restarts is how often the container was started before in this pod; see
	// CountStart.
	Restarts int
}

// Metrics are the supervisor's. Its methods may be called at the same time.
type Metrics struct {
	registry *prometheus.Registry

	mu    sync.Mutex // of state: of two transitions at once, one is the last
	state string

	states      *prometheus.GaugeVec
	transitions *prometheus.CounterVec
	boot, ready prometheus.Gauge
	pushes      *prometheus.CounterVec
	lastPush    prometheus.Gauge
	connection  *prometheus.HistogramVec
	dial        *prometheus.HistogramVec

	bridges bridgeCollector
	guest   atomic.Pointer[control.Status]
}

// New makes metrics with a registry of their own.
func New(o Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.states = gauges("supervisor", "state", "1 for the state that the supervisor is in, 0 for the others.", "state")
	m.transitions = counters("supervisor", "state_transitions_total", "How often the supervisor has come into a state.", "state")
	m.boot = gauge("enclave", "boot_seconds", "Time from the start of the enclave to the first sign of life of its first program. 0 before.")
	m.ready = gauge("enclave", "ready_seconds", "Time from the start of the enclave to the signer being ready. 0 before.")
	m.pushes = counters("credentials", "pushes_total", "How often replaced token files were pushed to the enclave, by result.", "result")
	m.lastPush = gauge("credentials", "last_push_timestamp_seconds", "When token files were last pushed with success, in Unix time. 0 before.")
	m.connection = histogram("connection_duration_seconds", "Time from the accept of a connection to its end.", connectionBuckets)
	m.dial = histogram("dial_duration_seconds", "How long a client waited for the other side, also in vain.", dialBuckets)
	for _, state := range o.States {
		m.states.WithLabelValues(state)
		m.transitions.WithLabelValues(state)
	}
	for _, result := range []string{resultSuccess, resultFailure} {
		m.pushes.WithLabelValues(result)
	}
	m.registry.MustRegister(m.states, m.transitions, m.boot, m.ready, m.pushes, m.lastPush, m.connection, m.dial,
		&m.bridges, guestCollector{m}, restarts(o.Restarts), buildInfo(o.Version))
	return m
}

// Handler serves the metrics, with those of Go and of the process.
func (m *Metrics) Handler() http.Handler {
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(prometheus.Gatherers{m.registry, process}, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout,
	})
}

// Transition notes a new state. The state that it is in already is no transition.
func (m *Metrics) Transition(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if to == m.state {
		return
	}
	if m.state != "" {
		m.states.WithLabelValues(m.state).Set(0)
	}
	m.state = to
	m.states.WithLabelValues(to).Set(1)
	m.transitions.WithLabelValues(to).Inc()
}

// Booted notes how long the enclave took to its first sign of life.
func (m *Metrics) Booted(after time.Duration) { m.boot.Set(after.Seconds()) }

// Ready notes how long it took until the signer was ready for the first time.
func (m *Metrics) Ready(after time.Duration) { m.ready.Set(after.Seconds()) }

// Guest notes what the guest said last of itself.
func (m *Metrics) Guest(status control.Status) { m.guest.Store(&status) }

// The results of a push.
const (
	resultSuccess = "success"
	resultFailure = "failure"
)

// Pushed notes that token files were pushed to the enclave, or could not be.
func (m *Metrics) Pushed(err error) {
	if err != nil {
		m.pushes.WithLabelValues(resultFailure).Inc()
		return
	}
	m.pushes.WithLabelValues(resultSuccess).Inc()
	m.lastPush.SetToCurrentTime()
}

func restarts(n int) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: "supervisor", Name: "restarts_total",
		Help: "How often the container was started before in this pod.",
	}, func() float64 { return float64(n) })
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "1, with the versions of the supervisor and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}

func gauge(subsystem, name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
}

func gauges(subsystem, name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, labels)
}

func counters(subsystem, name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, labels)
}
