package launch

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoConsole means that an enclave is not in debug mode: nobody can read its console.
var ErrNoConsole = errors.New("the enclave is not in debug mode, so it has no console")

// Finding is something that stands in the way of a launch.
type Finding struct {
	// Check is what was looked at, in a word: device, seccomp, image, memory, cpus.
	Check string
	// Problem says what is wrong, with the numbers.
	Problem string
	// Cure says what to change, and where.
	Cure string
}

// String is one line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s; %s", f.Check, f.Problem, f.Cure) }

// Findings are all that stands in the way. It is the error of a preflight.
type Findings []Finding

// Error is one line for each finding.
func (l Findings) Error() string {
	lines := make([]string, 0, len(l))
	for _, f := range l {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// Err is nil when there is no finding.
func (l Findings) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}
