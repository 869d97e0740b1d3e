// Package relay carries the enclave's log stream into the pod's log: one JSON object for
// each line, beside those of the supervisor itself and marked with "source": "enclave".
//
// Secrets are masked on the way: the signer's tokens, JSON web tokens, and AWS's keys
// where their name is beside them. There is one exception. A signer without a state logs
// a setup token once, and whoever holds it sets the signer up; in an enclave that line is
// the only way to it. It is let through the first time, and masked for ever after.
//
// Masking is a net below the signer's own care, and not a proof: a secret of another form
// is not seen.
package relay
