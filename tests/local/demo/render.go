package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Render writes the report as tables for people.
func Render(out io.Writer, r Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	section(w, "NODE", "INSTANCE TYPE", "SLOTS", "ENCLAVE CPUS", "HUGEPAGES", "FREE CPU", "FREE MEMORY")
	for _, n := range r.Nodes {
		row(w, n.Name, n.InstanceType, use(n.Slots), use(n.EnclaveCPUs), pages(n.Pages), cpu(n.FreeMilliCPU), size(n.FreeMemory))
	}
	none(w, len(r.Nodes))
	section(w, "NAMESPACE", "POD", "NODE", "STATE")
	for _, p := range r.Pods {
		row(w, p.Namespace, p.Name, dash(p.Node), p.State)
	}
	none(w, len(r.Pods))
	section(w, "NAMESPACE", "SERVICE", "ADDRESS", "PORTS")
	for _, s := range r.Services {
		row(w, s.Namespace, s.Name, dash(s.Address), dash(s.Ports))
	}
	none(w, len(r.Services))
	section(w, "OUTPUT", "VALUE")
	for _, o := range r.Outputs {
		row(w, o.Name, o.Value)
	}
	none(w, len(r.Outputs))
	return w.Flush()
}

// renderReleases writes what was seen of the releases that ran.
func renderReleases(out io.Writer, releases []Release) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	section(w, "RELEASE", "POD", "PCR0, MEASURED AND BUILT", "VERIFIED SIGNATURES", "ATTESTED CALLS TO KMS", "PULUMI UP")
	for _, r := range releases {
		row(w, r.Tag, r.Pod, r.PCR0[:min(16, len(r.PCR0))]+"…", strconv.Itoa(r.Signatures), strconv.Itoa(r.Attested), fmt.Sprintf("%.1f s", r.Took.Seconds()))
	}
	return w.Flush()
}

func section(w io.Writer, titles ...string) {
	row(w)
	row(w, titles...)
}

// row writes a line. The tabwriter keeps an error for Flush.
func row(w io.Writer, cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) }

func none(w io.Writer, rows int) {
	if rows == 0 {
		row(w, "(none)")
	}
}

func use(u Use) string {
	if u == (Use{}) {
		return "-"
	}
	return fmt.Sprintf("%d of %d", u.Used, u.Total)
}

func pages(sizes map[string]Use) string {
	var parts []string
	for _, page := range slices.Sorted(maps.Keys(sizes)) {
		if u := sizes[page]; u.Total > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s of %s", page, size(u.Used), size(u.Total)))
		}
	}
	return dash(strings.Join(parts, ", "))
}

func cpu(milli int64) string { return strconv.FormatFloat(float64(milli)/1000, 'f', 2, 64) }

// size writes a size in the largest unit in which it is not a long fraction.
func size(n int64) string {
	const mebi, gibi = 1 << 20, 1 << 30
	switch {
	case n == 0:
		return "0"
	case n%gibi == 0:
		return strconv.FormatInt(n/gibi, 10) + "Gi"
	case n >= 10*gibi:
		return strconv.FormatFloat(float64(n)/gibi, 'f', 1, 64) + "Gi"
	default:
		return strconv.FormatInt(n/mebi, 10) + "Mi"
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
