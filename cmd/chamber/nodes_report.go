package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/nodecheck"
)

func writeNodes(out io.Writer, format string, r nodecheck.Result) error {
	if format == "json" {
		return writeJSON(out, r)
	}
	if len(r.Nodes) > 0 {
		if err := writeNodeTable(out, r.Nodes); err != nil {
			return err
		}
	}
	for _, node := range r.Nodes {
		writeFindings(out, node)
	}
	if len(r.WaitingPods) > 0 {
		fmt.Fprintln(out, "\nPods that wait for a node:")
	}
	for _, pod := range r.WaitingPods {
		fmt.Fprintf(out, "  %s: %s\n", pod.Pod, pod.Message)
	}
	return nil
}

func writeNodeTable(out io.Writer, nodes []nodecheck.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tINSTANCE TYPE\tGROUP\tREADY\tSLOTS\tCPUS\tHUGEPAGES\tSTATE")
	for _, n := range nodes {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n",
			n.Node, cmp.Or(n.InstanceType, "-"), cmp.Or(n.NodeGroup, "-"), yesOrNo(n.Ready), n.Slots, n.EnclaveCPUs, n.Pages, state(n))
	}
	return w.Flush()
}

func state(n nodecheck.Report) string {
	switch len(n.Findings) {
	case 0:
		return "OK"
	case 1:
		return "1 problem"
	}
	return fmt.Sprintf("%d problems", len(n.Findings))
}

func writeFindings(out io.Writer, n nodecheck.Report) {
	if len(n.Findings)+len(n.Notes) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", n.Node)
	for _, f := range n.Findings {
		fmt.Fprintf(out, "  %s: %s\n    -> %s\n", f.Check, f.Seen, f.Cure)
	}
	for _, note := range n.Notes {
		fmt.Fprintf(out, "  note: %s\n", note)
	}
}
