package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

// report is what plan says of one instance type. Memory is in MiB.
type report struct {
	InstanceType    string            `json:"instanceType"`
	Architecture    string            `json:"architecture"`
	VCPUs           int               `json:"vcpus"`
	MemoryMiB       int               `json:"memoryMib"`
	Slots           int               `json:"slots"`
	EnclaveCPUs     int               `json:"enclaveCpus"`
	CPUPool         int               `json:"cpuPool"`
	ReservedMiB     int               `json:"reservedMib"`
	Hugepages       map[string]string `json:"hugepages"`
	PodResources    map[string]string `json:"podResources"`
	HostCPUMillis   int               `json:"hostCpuMillis"`
	HostMemoryMiB   int               `json:"hostMemoryMib"`
	Replicas        int               `json:"replicas"`
	Nodes           int               `json:"nodes"`
	MaxSurge        int               `json:"maxSurge"`
	MaxUnavailable  int               `json:"maxUnavailable"`
	RolloutStrategy string            `json:"rolloutStrategy"`
	pages           string
}

func newReport(p capacity.Plan, nodes int, rollout capacity.Rollout) report {
	shape := p.Request.Shape
	r := report{
		InstanceType: shape.InstanceType, Architecture: string(shape.Architecture),
		VCPUs: shape.VCPUs, MemoryMiB: shape.MemoryMiB,
		Slots: p.Slots, EnclaveCPUs: p.Request.Enclave.CPUs, CPUPool: p.CPUPool, ReservedMiB: p.ReservedMiB,
		Hugepages: map[string]string{}, PodResources: p.PodResources(),
		HostCPUMillis: p.HostCPUMillis, HostMemoryMiB: p.HostMemoryMiB,
		Replicas: nodes*p.Slots - rollout.FreeSlots, Nodes: nodes,
		MaxSurge: rollout.MaxSurge, MaxUnavailable: rollout.MaxUnavailable, RolloutStrategy: rollout.Reason,
	}
	var pages []string
	for _, page := range p.NodePages {
		r.Hugepages[page.Size.Resource()] = page.Quantity()
		pages = append(pages, page.String())
	}
	r.pages = strings.Join(pages, " + ")
	return r
}

// sortReports puts the types first that run the most enclaves, and of those the
// ones that leave the least memory idle.
func sortReports(all []report) {
	slices.SortStableFunc(all, func(a, b report) int {
		return cmp.Or(
			cmp.Compare(b.Slots, a.Slots),
			cmp.Compare(a.HostMemoryMiB, b.HostMemoryMiB),
			cmp.Compare(a.InstanceType, b.InstanceType),
		)
	})
}

func writePlan(out io.Writer, r report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	row("instance type", "%s (%s, %d vCPUs, %d MiB)", r.InstanceType, r.Architecture, r.VCPUs, r.MemoryMiB)
	row("slots per node", "%d", r.Slots)
	row("enclave CPUs", "%d of %d vCPUs are set aside, %d for each enclave", r.CPUPool, r.VCPUs, r.EnclaveCPUs)
	row("hugepages", "%s (%d MiB)", r.pages, r.ReservedMiB)
	row("a pod asks for", "%s", join(r.PodResources))
	row("left for other pods", "%dm CPU, %d MiB", r.HostCPUMillis, r.HostMemoryMiB)
	row("nodes needed", "%d for %d replicas", r.Nodes, r.Replicas)
	row("rollout", "maxSurge %d, maxUnavailable %d: %s", r.MaxSurge, r.MaxUnavailable, r.RolloutStrategy)
	return w.Flush()
}

// writeComparison prints the best of the reports: limit of them, or all if it is 0.
func writeComparison(out io.Writer, all []report, limit int) error {
	if limit == 0 {
		limit = len(all)
	}
	shown := all[:min(limit, len(all))]
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INSTANCE TYPE\tARCH\tVCPUS\tSLOTS\tHUGEPAGES\tLEFT CPU\tLEFT MIB\tNODES\tROLLOUT")
	for _, r := range shown {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%dm\t%d\t%d\tsurge %d, unavailable %d\n",
			r.InstanceType, r.Architecture, r.VCPUs, r.Slots, r.pages, r.HostCPUMillis, r.HostMemoryMiB, r.Nodes, r.MaxSurge, r.MaxUnavailable)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if more := len(all) - len(shown); more > 0 {
		fmt.Fprintf(out, "… and %d more; see --limit 0, --family, --architecture\n", more)
	}
	return nil
}

// join lists resources in a stable order.
func join(resources map[string]string) string {
	parts := make([]string, 0, len(resources))
	for name, amount := range resources {
		parts = append(parts, name+" "+amount)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
