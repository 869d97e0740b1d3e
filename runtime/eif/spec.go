package eif

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Spec is what an image is made of.
type Spec struct {
	Architecture Architecture
	Kernel       Content
	// Cmdline is the kernel's command line, at most [MaxCmdline] bytes.
	Cmdline string
	// Ramdisks are initial file systems, which the kernel unpacks one over the other.
	// The first is the bootstrap one, measured in PCR1; the rest is in PCR2.
	Ramdisks []Content
	Metadata Metadata
	// Signer signs PCR0. Nil leaves the image unsigned.
	Signer *Signer
}

// maxRamdisks leaves room for kernel, command line, metadata and signature.
const maxRamdisks = MaxSections - 4

// validate reports all faults of the specification at once.
func (s Spec) validate() error {
	var l fault.List
	if s.Architecture != X8664 && s.Architecture != ARM64 {
		l.Add("architecture", string(s.Architecture), "is none that enclaves run on", fmt.Sprintf("use %q or %q", X8664, ARM64))
	}
	checkContent(&l, "kernel", s.Kernel)
	checkCmdline(&l, s.Cmdline)
	if n := len(s.Ramdisks); n < 1 || n > maxRamdisks {
		l.Add("ramdisks", n, fmt.Sprintf("there must be from 1 to %d", maxRamdisks), "")
	}
	for i, r := range s.Ramdisks {
		checkContent(&l, fmt.Sprintf("ramdisks[%d]", i), r)
	}
	if _, err := s.Metadata.encode(); err != nil {
		l.Join("metadata", err)
	}
	return l.Err()
}

func checkContent(l *fault.List, property string, c Content) {
	switch {
	case c == nil:
		l.Add(property, nil, "is required", "")
	case c.Size() <= 0:
		l.Add(property, c.Size(), "must not be empty", "")
	}
}

func checkCmdline(l *fault.List, cmdline string) {
	if n := len(cmdline); n > MaxCmdline {
		l.Add("cmdline", fmt.Sprintf("%d bytes", n), fmt.Sprintf("must have at most %d bytes: the kernel cuts off the rest", MaxCmdline), "")
	}
	if i := strings.IndexFunc(cmdline, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
		l.Add("cmdline", fmt.Sprintf("byte %d: %.20q", i, cmdline[i:]), "must be printable ASCII on one line: every byte of it is measured",
			"remove the line break at its end if it comes from a file")
	}
}
