package attach

// What configures the program of tests/vsock/supervisor, beside the environment of a pod.
const (
	// CIDVariable is the enclave's context ID, ImageVariable its image of machines.Server.
	CIDVariable   = "VSOCK_TEST_CID"
	ImageVariable = "VSOCK_TEST_IMAGE"
	// HoldVariable names a file which the bootstrap waits for the end of.
	HoldVariable = "VSOCK_TEST_HOLD"
	// TerminationFile gets the reason of a failure, if it is there: a file in the folder of
	// the admin socket.
	TerminationFile = "termination-log"
)
