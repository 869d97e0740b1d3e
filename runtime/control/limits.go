package control

import "time"

// Limits of what a call may carry. They bound the memory that a hostile parent can
// make the guest use.
const (
	// MaxBodyBytes bounds the JSON of a request. Files are in it as base64.
	MaxBodyBytes = 8 << 20
	// MaxFiles and MaxFileBytes bound the files of one call.
	MaxFiles     = 64
	MaxFileBytes = 1 << 20
	// MaxVariables, MaxNameBytes and MaxValueBytes bound the environment.
	MaxVariables  = 256
	MaxNameBytes  = 256
	MaxValueBytes = 64 << 10
	// MaxEgress bounds the endpoints that the enclave may reach.
	MaxEgress = 64
	// MinTokenBytes and MaxTokenBytes bound the token, in characters.
	MinTokenBytes = 32
	MaxTokenBytes = 256
	// MaxNonceBytes, MaxUserDataBytes and MaxPublicKeyBytes are the NSM's limits
	// (aws-nitro-enclaves-nsm-api, docs/attestation_process.md).
	MaxNonceBytes     = 512
	MaxUserDataBytes  = 512
	MaxPublicKeyBytes = 1024
	// MaxGrace bounds how long a stop may wait for the payload.
	MaxGrace = 15 * time.Minute
)

// Time limits of the server. A log stream has none.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 30 * time.Second
)
