package eif

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// parseCertificate reads the one certificate of a PEM text. Of a chain the rest would
// be ignored by everybody who measures, so it is refused.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	if len(text) > MaxCertificate {
		return nil, fmt.Errorf("has %d bytes: at most %d are allowed", len(text), MaxCertificate)
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("is not in PEM form")
	case block.Type != "CERTIFICATE":
		return nil, fmt.Errorf("is a PEM block of type %.40q, not CERTIFICATE", block.Type)
	case bytes.Contains(rest, []byte("-----BEGIN")):
		return nil, errors.New("has more than one PEM block: only the signer's own certificate is measured")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if _, err := algorithmOf(c.PublicKey); err != nil {
		return nil, err
	}
	return c, nil
}

func validAt(c *x509.Certificate, t time.Time) error {
	switch {
	case t.Before(c.NotBefore):
		return fmt.Errorf("is not valid before %s; it is now %s", stamp(c.NotBefore), stamp(t))
	case t.After(c.NotAfter):
		return fmt.Errorf("expired at %s; it is now %s", stamp(c.NotAfter), stamp(t))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
