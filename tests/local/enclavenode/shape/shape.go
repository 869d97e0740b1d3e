// Package shape says what the node of package enclavenode is like, for the Pulumi program
// that puts a chamber on it.
package shape

import "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"

const (
	// Slots leave one for a rollout that adds a pod first.
	Slots = 2
	// EnclaveCPUs is how many CPUs an enclave has.
	EnclaveCPUs = 2
	// EnclaveMiB is the memory of an enclave, in hugepages of 2 MiB: the pod has to ask
	// for them, although the emulator leaves them alone.
	EnclaveMiB = 256
	// HostMemory is a pod's, which the emulator takes the enclave's memory from.
	HostMemory = "768Mi"
	// Role is what the pods' service account is given.
	Role = "arn:aws:iam::123456789012:role/demo-signer"
)

// The node's taint.
const (
	TaintKey    = contract.TaintKey
	TaintValue  = contract.TaintValue
	TaintEffect = contract.TaintEffect
)
