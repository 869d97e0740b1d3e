package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/bridge"
)

// Way is the direction of a bridge's connections, a label.
type Way string

// The ways of connections.
const (
	// Ingress is from the pod's network to the enclave.
	Ingress Way = "ingress"
	// Egress is from the enclave to an endpoint.
	Egress Way = "egress"
)

// Bridge is what is asked for its counters: a bridge.Bridge.
type Bridge interface{ Stats() bridge.Stats }

// Add shows a bridge from now on, under the name of its endpoint, such as "api" or
// "kms.eu-west-1.amazonaws.com:443". There must be one of each way and name. strangers
// counts those who were turned away before they came to the bridge; it is nil where
// everybody may come.
func (m *Metrics) Add(way Way, endpoint string, b Bridge, strangers func() uint64) {
	m.bridges.mu.Lock()
	defer m.bridges.mu.Unlock()
	m.bridges.all = append(m.bridges.all, namedBridge{way, endpoint, b, strangers})
	m.connection.WithLabelValues(string(way), endpoint)
	m.dial.WithLabelValues(string(way), endpoint)
}

// Observer is for the field Observe of a bridge of this way and name.
func (m *Metrics) Observer(way Way, endpoint string) func(bridge.Result) {
	connection := m.connection.WithLabelValues(string(way), endpoint)
	dial := m.dial.WithLabelValues(string(way), endpoint)
	return func(r bridge.Result) {
		connection.Observe(r.Duration.Seconds())
		if r.End != bridge.EndRefused { // nobody was dialed
			dial.Observe(r.DialTime.Seconds())
		}
	}
}

// Buckets, in seconds. A vsock connection takes tens of microseconds, one to AWS
// milliseconds, and a dial ends after ten seconds. Signing connections last for one
// request or, kept alive, for hours. A Prometheus that takes native histograms has finer
// ones than these.
var (
	dialBuckets       = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 2, 10}
	connectionBuckets = []float64{.001, .0025, .005, .01, .025, .1, .5, 2, 10, 60, 300, 3600}
)

func histogram(name, help string, buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Subsystem: "bridge", Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"way", "endpoint"})
}

type namedBridge struct {
	way       Way
	endpoint  string
	bridge    Bridge
	strangers func() uint64
}

// bridgeCollector reads the counters of bridges when it is asked.
type bridgeCollector struct {
	mu  sync.Mutex
	all []namedBridge
}

func bridgeDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "bridge", name), help, append([]string{"way", "endpoint"}, labels...), nil)
}

var (
	descOpen         = bridgeDesc("connections_open", "Connections that there are now.")
	descActive       = bridgeDesc("connections_active", "Connections that there are now and that reached the other side.")
	descAccepted     = bridgeDesc("connections_accepted_total", "Connections that were accepted, also those that were then refused.")
	descEnded        = bridgeDesc("connections_ended_total", "Connections that have ended, by reason.", "reason")
	descBytes        = bridgeDesc("bytes_total", "Bytes that got through: sent by clients, and received by them.", "direction")
	descDialErrors   = bridgeDesc("dial_errors_total", "Connections to the other side that failed, by kind.", "kind")
	descAcceptErrors = bridgeDesc("accept_errors_total", "Passing errors of listeners, such as a lack of descriptors.")
	descStrangers    = bridgeDesc("strangers_total", "Connections of others than the enclave, which were closed. Anything but 0 is an attack from the node, or a bug.")
)

// Describe implements prometheus.Collector.
func (c *bridgeCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descOpen, descActive, descAccepted, descEnded, descBytes, descDialErrors, descAcceptErrors, descStrangers} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *bridgeCollector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	all := c.all // only ever appended to
	c.mu.Unlock()
	for _, b := range all {
		b.collect(out)
	}
}

func (b namedBridge) collect(out chan<- prometheus.Metric) {
	s := b.bridge.Stats()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, append([]string{string(b.way), b.endpoint}, labels...)...)
	}
	send(descOpen, prometheus.GaugeValue, float64(s.Open))
	send(descActive, prometheus.GaugeValue, float64(s.Active))
	send(descAccepted, prometheus.CounterValue, float64(s.Accepted))
	send(descAcceptErrors, prometheus.CounterValue, float64(s.AcceptErrors))
	if b.strangers != nil {
		send(descStrangers, prometheus.CounterValue, float64(b.strangers()))
	}
	send(descBytes, prometheus.CounterValue, float64(s.Sent), "sent")
	send(descBytes, prometheus.CounterValue, float64(s.Received), "received")
	for _, end := range bridge.Ends() {
		send(descEnded, prometheus.CounterValue, float64(s.Ended[end]), string(end))
	}
	for _, kind := range bridge.DialErrors() {
		send(descDialErrors, prometheus.CounterValue, float64(s.DialErrors[kind]), string(kind))
	}
}
