package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// progress shows on a terminal what is done at the moment, on one line that comes and
// goes. Elsewhere it shows only warnings.
type progress struct {
	out  io.Writer
	show bool
}

func newProgress(out io.Writer, quiet bool) progress {
	f, ok := out.(*os.File)
	return progress{out: out, show: ok && !quiet && term.IsTerminal(int(f.Fd()))}
}

// step replaces the line.
func (p progress) step(text string) {
	if p.show {
		fmt.Fprintf(p.out, "\r\x1b[K%s …", text)
	}
}

// clear removes the line.
func (p progress) clear() {
	if p.show {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// warn shows a line that stays.
func (p progress) warn(text string) {
	p.clear()
	fmt.Fprintln(p.out, "warning:", text)
}
