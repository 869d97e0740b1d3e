package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/cmd/chamber/internal/podcheck"
)

// writeStatus writes the table with what follows it. signed adds a column for signatures.
func writeStatus(out io.Writer, format string, r podcheck.Result, signed bool) error {
	if format == "json" {
		return writeJSON(out, r)
	}
	if err := writeStatusTable(out, r.Pods, signed); err != nil {
		return err
	}
	for _, pod := range r.Pods {
		writePod(out, pod)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(out)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	return nil
}

func writeStatusTable(out io.Writer, pods []podcheck.Report, signed bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "POD\tNODE\tPHASE\tREADY\tRESTARTS\tSUPERVISOR\tUPCHECK\tHEALTHCHECK\tREADYZ\tKEYS\tATTESTATION\t")
	if signed {
		fmt.Fprint(w, "SIGNED\t")
	}
	fmt.Fprintln(w, "VERDICT")
	for _, p := range pods {
		fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t", p.Namespace, p.Pod, cmp.Or(p.Node, "-"), cmp.Or(p.Phase, "-"), yesOrNo(p.Ready),
			p.Restarts, cmp.Or(p.State, "-"), number(p.Upcheck), number(p.Healthcheck), number(p.Readyz), keyCount(p.Keys), p.Attestation)
		if signed {
			fmt.Fprint(w, yesOrNo(p.Signature != "")+"\t")
		}
		fmt.Fprintln(w, p.Verdict)
	}
	return w.Flush()
}

func writePod(out io.Writer, p podcheck.Report) {
	if len(p.Findings)+len(p.Notes) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s/%s\n", p.Namespace, p.Pod)
	for _, f := range p.Findings {
		fmt.Fprintf(out, "  %s: %s: %s\n    -> %s\n", f.Check, f.Verdict, f.Seen, f.Cure)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(out, "  note: %s\n", note)
	}
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// number is that of an answer, or of none.
func number(status int) string {
	if status == 0 {
		return "-"
	}
	return strconv.Itoa(status)
}

func keyCount(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}
