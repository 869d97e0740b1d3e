package podimage

import (
	"fmt"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Request is what the image for one architecture is made of. Files are named by path.
type Request struct {
	// Supervisor is cmd/enclave-supervisor, statically linked.
	Supervisor string
	// EnclaveImage is an enclave image (EIF) for the same architecture.
	EnclaveImage string
	// Init is the first program of the enclave image, for the bill of materials; it must
	// be the one that the image names. Empty leaves its modules out.
	Init string
	// Extra are further files, such as the emulator of contract.LauncherQEMU. They get a
	// layer of their own, below the supervisor's.
	Extra []File
	// Env is added to the image's environment, as NAME=value.
	Env []string
	// Name and Version are for the image's labels. Empty ones are taken from the
	// enclave image.
	Name, Version string
	// ToolVersion is the version of the building program.
	ToolVersion string
}

// inputs are the files of a request, looked at.
type inputs struct {
	supervisor    program
	init          *program
	enclave       *eif.Image
	enclaveFile   blob.Content
	enclaveSHA256 string
	metadata      eif.Metadata
	measurements  eif.Measurements
}

// validate reports the faults that need no look into the files. Properties have the
// names of the command's flags.
func (r Request) validate() error {
	var l fault.List
	for _, required := range []struct{ name, value string }{{"supervisor", r.Supervisor}, {"enclave-image", r.EnclaveImage}} {
		if required.value == "" {
			l.Add(required.name, nil, "is required", "")
		}
	}
	for i, item := range r.Env {
		if name, _, ok := strings.Cut(item, "="); !ok || name == "" || strings.ContainsRune(item, 0) {
			l.Add(fmt.Sprintf("env[%d]", i), item, "must be NAME=value", "")
		}
	}
	return l.Err()
}
