// Package machines lets a guest start and end other guests of its network, as a parent
// instance does with enclaves: it asks the host, by HTTP over vsock.
package machines

// Port is the port of the host (CID 2) at which it takes such calls.
const Port = 2

// State is how a guest is.
type State struct {
	// Ended is true for a guest that has ended, and Error says why if that was not as it
	// should be.
	Ended bool   `json:"ended"`
	Error string `json:"error,omitempty"`
	// Console is what it has written there so far.
	Console string `json:"console"`
}
