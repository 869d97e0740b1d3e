package awsstub

import (
	"maps"
	"slices"
)

// Request is a call that was answered, for assertions. It holds no secret.
type Request struct {
	// Service is kms, dynamodb, sts or pod-identity.
	Service string
	// Action is the call: Decrypt, GetItem, AssumeRoleWithWebIdentity.
	Action string
	// AccessKeyID is whose signature it has, empty where it needs none.
	AccessKeyID string
	// Attested tells that an attestation document was shown, and accepted.
	Attested bool
	// Status is that of the answer, and Code AWS's name for an error.
	Status int
	Code   string
}

func (s *Stub) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// Requests are the calls so far, in their order.
func (s *Stub) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Connections counts the handshakes that were begun, by the name that was asked for.
func (s *Stub) Connections() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.connections)
}

// Tokens are the service account tokens that were shown to STS or to the agent, in their
// order.
func (s *Stub) Tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens)
}

// Secrets are the secret access keys and session tokens that were given out: what no log
// may have.
func (s *Stub) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}
