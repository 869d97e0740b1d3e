package supervisor

import (
	"errors"
	"fmt"
)

// Exit codes of the process. 0 is an end that it was told to make.
const (
	// ExitInternal is a failure of the supervisor itself: a port of the pod is taken.
	ExitInternal = 1
	// ExitConfig is a configuration that cannot work.
	ExitConfig = 2
	// ExitPreflight is a node or pod without what an enclave needs.
	ExitPreflight = 3
	// ExitLaunch is an enclave that did not start, or gave no sign of life in time.
	ExitLaunch = 4
	// ExitBootstrap is an enclave that does not answer, or does not take what it is given.
	ExitBootstrap = 5
	// ExitIntrusion is an enclave that somebody else has bootstrapped, or that is not the
	// one which was measured.
	ExitIntrusion = 6
	// ExitPayload is a payload that has ended by itself.
	ExitPayload = 7
	// ExitEnclave is an enclave that has ended by itself, or fell silent.
	ExitEnclave = 8
)

// Failure is an end that nobody asked for.
type Failure struct {
	// Code is the exit code.
	Code int
	// Reason says in a sentence what happened and, where there is one, the way out.
	Reason string
	// Err is what it was concluded from; it may be nil.
	Err error
}

// Error is the reason with its cause.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Reason
	}
	return f.Reason + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func failure(code int, err error, format string, args ...any) *Failure {
	return &Failure{Code: code, Reason: fmt.Sprintf(format, args...), Err: err}
}

// ExitCode is the process's exit code for what Run returned.
func ExitCode(err error) int {
	var f *Failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		return f.Code
	default:
		return ExitInternal
	}
}
