package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of test2json's output (go doc test2json).
type event struct {
	Action      string
	Package     string
	Test        string
	ImportPath  string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// report counts tests and keeps the output of those that have not passed.
type report struct {
	out                     io.Writer
	output                  map[string]*strings.Builder
	count                   map[string]int // tests of a package
	passed, failed, skipped int
	skips                   []string
	packages                int
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[string]*strings.Builder{}, count: map[string]int{}}
}

func (r *report) read(in io.Reader) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var e event
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			return fmt.Errorf("%q is not of go test -json: %w", scanner.Text(), err)
		}
		r.add(e)
	}
	return scanner.Err()
}

func (r *report) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if r.output[key] == nil {
			r.output[key] = &strings.Builder{}
		}
		r.output[key].WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e, key)
		}
	}
}

func (r *report) endTest(e event, key string) {
	r.count[e.Package]++
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Fprintf(r.out, "FAIL %s %s (%.1f s)\n%s", e.Package, e.Test, e.Elapsed, r.text(key))
	case "skip":
		r.skipped++
		r.skips = append(r.skips, fmt.Sprintf("SKIP %s\n%s", key, r.text(key)))
	}
	delete(r.output, key)
}

// endPackage also counts a package that failed without a failed test: it did not
// build, or its process died.
func (r *report) endPackage(e event) {
	if e.Action == "skip" { // a package without tests
		return
	}
	r.packages++
	key := e.Package + " "
	if e.Action == "fail" && r.failed == 0 {
		r.failed++
		fmt.Fprint(r.out, r.text(key))
	}
	fmt.Fprintf(r.out, "%-4s %s (%d tests, %.1f s)\n", e.Action, e.Package, r.count[e.Package], e.Elapsed)
	delete(r.output, key)
}

func (r *report) text(key string) string {
	if b := r.output[key]; b != nil {
		return b.String()
	}
	return ""
}

// finish prints the sum, and says whether all is well. Nothing at all is not well:
// then go test itself has failed.
func (r *report) finish(allowSkips bool) bool {
	for _, skip := range r.skips {
		fmt.Fprint(r.out, skip)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	return r.packages > 0 && r.passed > 0 && r.failed == 0 && (allowSkips || r.skipped == 0)
}
