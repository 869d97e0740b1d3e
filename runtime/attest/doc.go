// Package attest asks the Nitro Security Module (NSM) of an enclave for measurements and
// attestation documents, and verifies such documents wherever one is received.
//
// # Documents
//
// An attestation document is a COSE_Sign1 message, signed with ES384 by a key whose
// certificate chains to AWS's Nitro root. It says which image an enclave runs (PCR0, 1, 2
// and 8), on which role and instance (PCR3, 4), and carries three values of the enclave's
// own choice: nonce, user data and public key. Form, limits and checks are those of
// docs/attestation_process.md of aws/aws-nitro-enclaves-nsm-api. Two of its statements do
// not hold for documents that AWS's hardware makes, and are not enforced: optional fields
// that were not asked for are null and not missing, and a signature has 96 bytes.
//
// [Verify] accepts a document only if everything is right, and otherwise reports
// everything that is wrong. [ParseUnverified] reads one and vouches for nothing.
//
// # What makes it strict
//
// What another parser might take another way is refused: duplicate keys, tags and bytes
// after the end, fields of another name, and indefinite lengths but for the outermost map
// of the payload, which AWS's hardware has encoded so since 2026 at the latest. Sizes are
// bounded before anything is decoded.
package attest
