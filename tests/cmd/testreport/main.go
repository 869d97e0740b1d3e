// Command testreport reads `go test -json` from standard input, prints a line for
// each package and the output of what failed, and fails when a test failed or was
// skipped: a skip that nobody sees is a check that nobody makes.
//
// Its last line has the form "N passed, N failed, N skipped".
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	allowSkips := flag.Bool("allow-skips", false, "count skipped tests, but do not fail because of them")
	flag.Parse()
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	if !r.finish(*allowSkips) {
		os.Exit(1)
	}
}
