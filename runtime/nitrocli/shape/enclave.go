package shape

import "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"

// The values of Enclave.Flags.
const (
	FlagsNone  = "NONE"
	FlagsDebug = "DEBUG_MODE"
)

// Enclave is one of the array that describe-enclaves prints.
type Enclave struct {
	EnclaveName  string `json:",omitempty"`
	EnclaveID    string
	ProcessID    int
	EnclaveCID   uint32
	NumberOfCPUs int
	CPUIDs       []int
	MemoryMiB    int
	State        string
	Flags        string
	// Measurements are left out while nobody has them.
	Measurements *eif.Measurements `json:",omitempty"`
	ImageName    string            `json:",omitempty"`
	ImageVersion string            `json:",omitempty"`
	// Metadata is there with --metadata alone.
	Metadata *Metadata `json:",omitempty"`
}

// Terminated is what terminate-enclave prints.
type Terminated struct {
	EnclaveName string `json:",omitempty"`
	EnclaveID   string
	Terminated  bool
}
