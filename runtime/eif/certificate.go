package eif

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// parseCertificate reads the one certificate of a PEM text. Of several, readers measure
// the first that they can read, which need not be the same one.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	if len(text) > MaxCertificate {
		return nil, fmt.Errorf("has %d bytes: at most %d are allowed", len(text), MaxCertificate)
	}
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("is not in PEM form")
	case bytes.Count(text, []byte("-----BEGIN")) > 1:
		return nil, errors.New("has more than one PEM block: only the signer's own certificate is measured")
	case len(block.Headers) > 0:
		return nil, errors.New("has headers in its PEM block, which other readers take another way")
	case block.Type != "CERTIFICATE":
		return nil, fmt.Errorf("is a PEM block of type %.40q, not CERTIFICATE", block.Type)
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
