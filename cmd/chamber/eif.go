package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

func newEIFCommand(version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "eif",
		Short: "Build, look at, measure, verify, sign and compare enclave images",
		Long: `Eif handles enclave images in AWS's Enclave Image Format. It needs neither Docker nor
root nor an enclave, and the same inputs always give the same image.`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newEIFBuildCommand(version), newEIFInspectCommand(), newEIFMeasureCommand(),
		newEIFVerifyCommand(), newEIFSignCommand(), newEIFDiffCommand())
	return cmd
}

// addOutputFlag adds the flag that chooses between text for people and JSON.
func addOutputFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "o", "table", "output format: table or json")
}

func checkOutputFlag(format string) error {
	if format != "table" && format != "json" {
		return fmt.Errorf("--format %q: use table or json", format)
	}
	return nil
}

// table writes rows of a name and a value.
type table struct{ *tabwriter.Writer }

func newTable(out io.Writer) table {
	return table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

func (t table) row(name, format string, args ...any) {
	fmt.Fprintf(t, "%s\t"+format+"\n", append([]any{name}, args...)...)
}

func (t table) measurements(m eif.Measurements) {
	t.row("PCR0", "%s", m.PCR0)
	t.row("PCR1", "%s", m.PCR1)
	t.row("PCR2", "%s", m.PCR2)
	if m.PCR8 != nil {
		t.row("PCR8", "%s", m.PCR8)
	}
}

// size writes a number of bytes for people.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
