package contract

// Vsock ports between a parent and its enclave, beside those of the payload (PortAPI,
// PortTLS, PortMetrics), which are the same on both sides.
const (
	// PortControl is where the guest serves docs/control-protocol.md. It is below
	// 1024, so that a payload which is not root cannot take it (Linux's vsock knows
	// privileged ports as TCP does).
	PortControl = 900
	// PortHeartbeat is a port of the parent. nitro-cli waits there for the first sign
	// of life (aws-nitro-enclaves-cli, ENCLAVE_READY_VSOCK_PORT).
	PortHeartbeat = 9000
)

// HeartbeatByte is what AWS's init sends to PortHeartbeat, and what it gets back
// (aws-nitro-enclaves-sdk-bootstrap, init/init.c).
const HeartbeatByte = 0xB7
