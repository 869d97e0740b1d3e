package attest

import (
	"crypto/x509"
	"time"
)

// Verified is a document that a policy accepts.
type Verified struct {
	Document
	// Chain are the certificates, the root first and the signer's last.
	Chain []*x509.Certificate
	// Root is the fingerprint of the first.
	Root Fingerprint
	// Time is when the document was verified, which is when the certificates were valid.
	Time time.Time
}

// ByAWS tells whether the document comes from AWS's hardware, and not from one of the
// extra roots of the policy.
func (v *Verified) ByAWS() bool { return v.Root == AWSRoot() }

// Verify checks a document, tagged or not, with all that AWS asks of a verifier and with
// the policy. A policy that cannot be used fails with a [fault.List], and a document that
// is refused with [Violations], which are all that was found wrong.
//
// It makes no request: AWS's certificates name revocation lists, which AWS says not to
// use here (attestation_process.md, 3.2.4).
func Verify(raw []byte, p Policy) (*Verified, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	var l Violations
	e, d := parse(raw, &l)
	if d == nil {
		return nil, l.err()
	}
	at := p.at()
	c, leaf := d.parseChain(&l)
	if c != nil {
		c.check(p.roots(), at, &l)
	}
	e.check(leaf, &l)
	p.check(d, at, &l)
	if len(l) == 0 {
		p.checkHooks(d, &l)
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	return &Verified{Document: *d, Chain: c, Root: FingerprintOf(c.root()), Time: at}, nil
}
