//go:build linux

package nitro

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Why an enclave ended or did not come up.
var (
	// ErrEnded means that the enclave ended by itself. The driver does not say why.
	ErrEnded = errors.New("the enclave ended by itself; the driver does not tell why, a debug enclave's console does")
	// ErrTerminated is why what waits for an enclave fails after Terminate.
	ErrTerminated = errors.New("the enclave was terminated")
	// ErrBootTimeout means that the enclave runs and its first program gave no sign
	// of life in the time of BootTimeout.
	ErrBootTimeout = errors.New("the enclave gave no sign of life in time")
	// ErrImageTooLarge means that the image does not fit into the memory.
	ErrImageTooLarge = errors.New("the image does not fit into the enclave's memory")
)

// Step is a part of a launch, as a clause.
type Step string

// The steps, in their order.
const (
	StepImage    Step = "opening the image"
	StepOpen     Step = "opening the device"
	StepCreate   Step = "creating the enclave"
	StepLoadInfo Step = "asking where the image goes"
	StepPages    Step = "taking hugepages"
	StepLoad     Step = "reading the image"
	StepMemory   Step = "giving the enclave its memory"
	StepCPUs     Step = "giving the enclave its CPUs"
	StepBootLock Step = "taking the boot lock"
	StepStart    Step = "starting the enclave"
)

// Error is a launch that failed at a step. It wraps a [Refusal], a [unix.Errno], an error
// of this package or the cause of the end of a context.
type Error struct {
	// Step is where it failed.
	Step Step
	// Detail has the numbers: "CPU 3 of 4".
	Detail string
	// Err is what happened.
	Err error
	// Cure says what to change, and where. It is empty after the end of a context.
	Cure string
}

// Error is one line with the step, the numbers, what happened and the way out.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Step, e.sentence()) }

func (e *Error) sentence() string {
	text := e.Err.Error()
	if e.Detail != "" {
		text = e.Detail + ": " + text
	}
	if e.Cure != "" {
		text += "; " + e.Cure
	}
	return text
}

// Unwrap is what happened.
func (e *Error) Unwrap() error { return e.Err }

// fail makes the error of a step, with the way out.
func fail(step Step, detail string, err error) *Error {
	return &Error{Step: step, Detail: detail, Err: err, Cure: cure(step, err)}
}

// cure finds the way out of an error of a step.
func cure(step Step, err error) string {
	var refusal Refusal
	if errors.As(err, &refusal) {
		return refusal.Cure()
	}
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	for _, c := range cures {
		if (c.errno == errno || c.errno == 0) && (c.step == step || c.step == "") {
			return c.text
		}
	}
	return "look into the node's dmesg for lines of nitro_enclaves"
}
