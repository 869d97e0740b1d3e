package admin

import (
	"context"
	"io"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

// Supervisor is what the server asks, and what a Client is from outside. Its methods may
// be called at the same time.
type Supervisor interface {
	// Describe says how things are. It waits for nothing.
	Describe(ctx context.Context) (Description, error)
	// Drain makes the pod not ready and returns when the drain is over: at once when
	// it was over before. A drain that has begun goes on when ctx ends.
	Drain(ctx context.Context) error
	// Terminate ends the enclave without a drain, and returns when it is gone. Without
	// an enclave it has nothing to do.
	Terminate(ctx context.Context) error
	// Console reads the enclave's console until the enclave ends, ctx ends or it is
	// closed. It fails with launch.ErrNoConsole unless the enclave is in debug mode.
	Console(ctx context.Context) (io.ReadCloser, error)
	// Attest asks the enclave for an attestation document with the caller's nonce, user
	// data and public key. It fails while no enclave has been bootstrapped.
	Attest(ctx context.Context, a control.Attestation) (document []byte, err error)
}

// Description is the supervisor and its enclave.
type Description struct {
	// State is where the supervisor is in its life, such as booting or ready.
	State string `json:"state"`
	// Since is when it came there.
	Since time.Time `json:"since"`
	// Reason says why, where there is something to say: what has failed.
	Reason string `json:"reason,omitempty"`
	// ProcessID is the supervisor's, in the pod. The enclave ends with it.
	ProcessID int `json:"processId"`
	// Enclave is nil while there is none.
	Enclave *Enclave `json:"enclave,omitempty"`
}

// EnclaveState is an enclave's state in nitro-cli's spelling.
type EnclaveState string

// The states of an enclave that nitro-cli knows.
const (
	// EnclaveRunning is an enclave that was started and has not ended.
	EnclaveRunning EnclaveState = "RUNNING"
	// EnclaveTerminating is one that is about to end.
	EnclaveTerminating EnclaveState = "TERMINATING"
	// EnclaveEmpty is one that has ended.
	EnclaveEmpty EnclaveState = "EMPTY"
)

// Enclave is what nitro-cli tells of an enclave. launch.Info has most of it.
type Enclave struct {
	// Name is the enclave's name: the pod's.
	Name string `json:"name"`
	// ID is the enclave's name on its instance.
	ID  string `json:"id"`
	CID uint32 `json:"cid"`
	// CPUs is how many it has, and CPUIDs their numbers if anybody can tell.
	CPUs      int          `json:"cpus"`
	CPUIDs    []int        `json:"cpuIds,omitempty"`
	MemoryMiB int          `json:"memoryMiB"`
	State     EnclaveState `json:"state"`
	Debug     bool         `json:"debug,omitempty"`
	Started   time.Time    `json:"started"`
	// Measurements are those of the image, computed by the parent or read from
	// contract.MeasurementsPath; nil when nobody has them. An enclave in debug mode has
	// others: zeros.
	Measurements *eif.Measurements `json:"measurements,omitempty"`
	// Metadata are the image's, which are not measured. Nil when there are none.
	Metadata *eif.Metadata `json:"metadata,omitempty"`
}
