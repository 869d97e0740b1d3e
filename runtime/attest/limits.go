package attest

// Limits of a document, by docs/attestation_process.md of aws/aws-nitro-enclaves-nsm-api,
// sections 2.2, 3.1 and 3.2.2.2.
const (
	// MaxPayload is the largest payload in bytes.
	MaxPayload = 16384
	// MaxDocument leaves room around the payload for tag, headers and signature.
	MaxDocument = MaxPayload + 256
	// MaxCertificate is the largest certificate in DER, in bytes.
	MaxCertificate = 1024
	// MaxPublicKey is the largest public key in bytes.
	MaxPublicKey = 1024
	// MaxUserData is the largest user data in bytes. AWS's grammar says 1024, its rules
	// say 512: the lower is safe on both sides.
	MaxUserData = 512
	// MaxNonce is the largest nonce in bytes; the same applies.
	MaxNonce = 512
	// MaxPCRs is the number of PCRs, and one more than the highest index.
	MaxPCRs = 32
)

// maxCABundle is our own: AWS's bundles have 4 certificates and no stated limit.
const maxCABundle = 16

// signatureSize is what ES384 gives (RFC 8152, 8.1: two integers of the curve's order).
const signatureSize = 96
