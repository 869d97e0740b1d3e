package relay

import (
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/logs"
)

// maxWhole bounds a line that is put together, in bytes. What is beyond is lost: it cannot
// be masked.
const maxWhole = 256 << 10

// whole is a line as the payload wrote it, with how much of its end is lost.
type whole struct {
	control.Line
	lost int
}

// assembler puts together what the guest has cut. A line of the payload over
// logs.MaxLineBytes comes as several, and a secret at the cut would be half in one and
// half in the next, where nothing tells what it is. A character that is cut arrives as
// replacements for its bytes, so that a piece may be longer than where it was cut.
type assembler struct{ pending map[string]*whole }

// add returns a line when it is whole.
func (a *assembler) add(line control.Line) (whole, bool) {
	if line.Stream != control.StreamStdout && line.Stream != control.StreamStderr {
		return whole{Line: line}, true // the guest's own are never continued
	}
	goesOn := len(line.Text) >= logs.MaxLineBytes
	w := a.pending[line.Stream]
	if w == nil {
		if !goesOn {
			return whole{Line: line}, true
		}
		if a.pending == nil {
			a.pending = map[string]*whole{}
		}
		a.pending[line.Stream] = &whole{Line: line}
		return whole{}, false
	}
	if len(w.Text)+len(line.Text) > maxWhole {
		w.lost += len(line.Text)
	} else {
		w.Text += line.Text
	}
	if goesOn {
		return whole{}, false
	}
	delete(a.pending, line.Stream)
	return *w, true
}

// rest returns what waits for its continuation, and forgets it.
func (a *assembler) rest() []whole {
	var all []whole
	for _, stream := range []string{control.StreamStdout, control.StreamStderr} {
		if w := a.pending[stream]; w != nil {
			all = append(all, *w)
		}
	}
	clear(a.pending)
	return all
}
