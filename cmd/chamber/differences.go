package main

import (
	"fmt"
	"io"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// writeDifferences writes a list, which is never null in JSON.
func writeDifferences(out io.Writer, found []eif.Difference, format string) error {
	if format == "json" {
		return writeJSON(out, append([]eif.Difference{}, found...))
	}
	for _, d := range found {
		fmt.Fprintln(out, d)
	}
	return nil
}
