// Package attesttest makes attestation documents and answers as an NSM does, for tests of
// programs that ask for documents or verify them. Its signatures are real, its root is
// made up: a verifier has to be told to trust it.
package attesttest
