package attest

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Limits of the NSM's driver (Linux, include/uapi/linux/nsm.h).
const (
	// MaxRequest is the largest request in bytes.
	MaxRequest = 0x1000
	// MaxResponse is the largest response in bytes, and so the largest document that an
	// enclave can get.
	MaxResponse = 0x3000
)

// Device carries requests to an NSM.
type Device interface {
	// Exchange sends one request and waits for the answer, which it writes into response,
	// [MaxResponse] bytes long. It returns the answer's length. It may be called from
	// several goroutines at once.
	Exchange(request, response []byte) (int, error)
}

// NSM speaks to the Nitro Security Module of the enclave that it runs in. Its methods
// fail with an [Error] when the NSM refuses. They take no context, since nothing can
// interrupt the driver; it gives up by itself after 2 minutes (drivers/misc/nsm.c).
type NSM struct{ device Device }

// NewNSM returns a client of the device: one from [OpenDevice], or a stand-in.
func NewNSM(device Device) *NSM { return &NSM{device} }

// DescribePCR reads a register.
func (n *NSM) DescribePCR(index int) (PCRState, error) {
	request, err := indexed(index)
	if err != nil {
		return PCRState{}, err
	}
	answer, err := n.callForMap("DescribePCR", request)
	if err != nil {
		return PCRState{}, err
	}
	return answer.pcrState()
}

// ExtendPCR replaces the value of a register by the hash of value and data, and returns
// the new value. Registers up to PCR15 are locked when the enclave starts.
func (n *NSM) ExtendPCR(index int, data []byte) (PCR, error) {
	if _, err := indexed(index); err != nil {
		return nil, err
	}
	answer, err := n.callForMap("ExtendPCR", extendRequest{index, data})
	if err != nil {
		return nil, err
	}
	return answer.pcr("data")
}

// LockPCR makes a register read-only until the enclave ends. Documents list locked
// registers only.
func (n *NSM) LockPCR(index int) error {
	request, err := indexed(index)
	if err != nil {
		return err
	}
	return n.callForNothing("LockPCR", request)
}

// LockPCRs locks the registers below count.
func (n *NSM) LockPCRs(count int) error {
	if count < 0 || count > MaxPCRs {
		return fault.Fault{Property: "count", Value: count, Rule: fmt.Sprintf("must be from 0 to %d", MaxPCRs)}
	}
	return n.callForNothing("LockPCRs", lockRequest{count})
}

// Random returns random bytes of the NSM, as many as it likes: 256 from AWS's hardware.
func (n *NSM) Random() ([]byte, error) {
	answer, err := n.callForMap("GetRandom", nil)
	if err != nil {
		return nil, err
	}
	return answer.bytes("random", 1, MaxResponse)
}

// Attestation asks for a signed document.
func (n *NSM) Attestation(request AttestationRequest) ([]byte, error) {
	if err := request.validate(); err != nil {
		return nil, err
	}
	answer, err := n.callForMap("Attestation", request)
	if err != nil {
		return nil, err
	}
	return answer.bytes("document", 1, MaxResponse)
}

// Describe reads what the NSM says of itself.
func (n *NSM) Describe() (Description, error) {
	answer, err := n.callForMap("DescribeNSM", nil)
	if err != nil {
		return Description{}, err
	}
	return answer.description()
}
