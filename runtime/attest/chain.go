package attest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// chain is a document's certificates, the root first and the signer's last.
type chain []*x509.Certificate

// parseChain returns nil for the chain unless all of it could be parsed; the leaf is
// there whenever it could.
func (d *Document) parseChain(l *Violations) (c chain, leaf *x509.Certificate) {
	complete := d.CABundle != nil
	for i, der := range d.CABundle {
		one, err := x509.ParseCertificate(der)
		if err != nil {
			l.join(bundleField(i), fmt.Errorf("is no certificate: %w", err))
			complete = false
		}
		c = append(c, one)
	}
	if d.Certificate == nil {
		return nil, nil
	}
	leaf, err := x509.ParseCertificate(d.Certificate)
	if err != nil {
		l.join("certificate", fmt.Errorf("is no certificate: %w", err))
		return nil, nil
	}
	if !complete {
		return nil, leaf
	}
	return append(c, leaf), leaf
}

func (c chain) root() *x509.Certificate { return c[0] }
func (c chain) leaf() *x509.Certificate { return c[len(c)-1] }

func (c chain) field(i int) string {
	if i == len(c)-1 {
		return "certificate"
	}
	return bundleField(i)
}

// check verifies that the chain leads from one of the roots to the leaf, in its order.
func (c chain) check(roots []Fingerprint, at time.Time, l *Violations) {
	before := len(*l)
	if f := FingerprintOf(c.root()); !slices.Contains(roots, f) {
		l.add(c.field(0), "SHA-256 "+f.String(), "is not AWS's Nitro Enclaves root, nor another that is trusted",
			"a document of another partition or of a test needs its root named")
	}
	for i := range c {
		l.join(c.field(i), c.checkValidity(i, at))
		l.join(c.field(i), c.checkRole(i))
		l.join(c.field(i), c.checkIssuer(i))
	}
	if len(*l) == before {
		l.join("certificate", c.checkPath(at))
	}
}

func (c chain) checkValidity(i int, at time.Time) error {
	v := Violation{Value: fmt.Sprintf("valid from %s to %s", stamp(c[i].NotBefore), stamp(c[i].NotAfter))}
	switch {
	case at.Before(c[i].NotBefore):
		v.Rule = "was not valid yet at " + stamp(at)
		v.WayOut = "set the clock right"
	case at.After(c[i].NotAfter):
		v.Rule = "was not valid any more at " + stamp(at)
		if i == len(c)-1 {
			v.WayOut = "ask for a new document: this certificate lives about 3 hours. An old one can be verified at its own time"
		}
	default:
		return nil
	}
	return v
}

// checkRole asks of each what AWS does (3.2.3.3): above the leaf an authority that may
// sign certificates, and a leaf that is none and may sign.
func (c chain) checkRole(i int) error {
	is := c[i]
	ca := is.BasicConstraintsValid && is.IsCA && is.KeyUsage&x509.KeyUsageCertSign != 0
	switch {
	case i < len(c)-1 && !ca:
		return errors.New("must be of an authority that may sign certificates")
	case i == len(c)-1 && (is.IsCA || is.KeyUsage&x509.KeyUsageDigitalSignature == 0):
		return errors.New("must be of a signer and not of an authority")
	}
	return nil
}

// checkIssuer leaves the root alone: its fingerprint says who it is.
func (c chain) checkIssuer(i int) error {
	if i == 0 {
		return nil
	}
	parent := c[i-1]
	if !bytes.Equal(c[i].RawIssuer, parent.RawSubject) ||
		parent.CheckSignature(c[i].SignatureAlgorithm, c[i].RawTBSCertificate, c[i].Signature) != nil {
		return Violation{Value: fmt.Sprintf("%.200q", c[i].Subject), Rule: fmt.Sprintf("was not issued by %s", c.field(i-1)), WayOut: "the bundle goes from the root down"}
	}
	return nil
}

// checkPath lets the standard library find the same path and so apply the rules that are
// not looked at above, such as path lengths and critical extensions.
func (c chain) checkPath(at time.Time) error {
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	options.Roots.AddCert(c.root())
	for _, intermediate := range c[1 : len(c)-1] {
		options.Intermediates.AddCert(intermediate)
	}
	found, err := c.leaf().Verify(options)
	if err != nil {
		return fmt.Errorf("has no valid path to the root: %w", err)
	}
	for _, path := range found {
		slices.Reverse(path)
		if slices.EqualFunc(path, c, (*x509.Certificate).Equal) {
			return nil
		}
	}
	return errors.New("reaches the root by another path than the bundle's")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
