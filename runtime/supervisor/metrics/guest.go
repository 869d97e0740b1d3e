package metrics

import "github.com/prometheus/client_golang/prometheus"

func enclaveDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "enclave", name), help, nil, nil)
}

var (
	descRefused   = enclaveDesc("refused_bootstraps_total", "Attempts of strangers to bootstrap the enclave. Anything but 0 is an attack from the node, or a bug.")
	descDropped   = enclaveDesc("log_lines_dropped_total", "Log lines that the enclave had no room for.")
	descMemory    = enclaveDesc("memory_size_bytes", "Memory of the enclave.")
	descAvailable = enclaveDesc("memory_available_bytes", "Memory of the enclave that is free or can be had.")
)

// guestCollector shows what the guest said last. Before the first time there is nothing.
type guestCollector struct{ metrics *Metrics }

// Describe implements prometheus.Collector.
func (c guestCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descRefused, descDropped, descMemory, descAvailable} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c guestCollector) Collect(out chan<- prometheus.Metric) {
	status := c.metrics.guest.Load()
	if status == nil {
		return
	}
	out <- prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, float64(status.RefusedBootstraps))
	out <- prometheus.MustNewConstMetric(descDropped, prometheus.CounterValue, float64(status.DroppedLogLines))
	if memory := status.Memory; memory != nil {
		out <- prometheus.MustNewConstMetric(descMemory, prometheus.GaugeValue, float64(memory.Total))
		out <- prometheus.MustNewConstMetric(descAvailable, prometheus.GaugeValue, float64(memory.Available))
	}
}
