package eif

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// LoadSigner reads a certificate and its private key from PEM files. The key may be in
// the SEC 1 form ("EC PRIVATE KEY") or in PKCS #8, not encrypted.
func LoadSigner(certificateFile, keyFile string) (*Signer, error) {
	certificate, err := readBounded(certificateFile)
	if err != nil {
		return nil, err
	}
	text, err := readBounded(keyFile)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", keyFile, err)
	}
	return NewSigner(certificate, key)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxCertificate+1))
	if err == nil && len(b) > MaxCertificate {
		err = fmt.Errorf("%s: has more than %d bytes: it is no certificate or key", path, MaxCertificate)
	}
	return b, errors.Join(err, f.Close())
}

// parseKey finds the key in a PEM text. openssl writes the curve's parameters before a
// new key.
func parseKey(text []byte) (crypto.Signer, error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("no private key in PEM form")
		}
		text = rest
		switch block.Type {
		case "EC PARAMETERS":
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			return pkcs8(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("is encrypted: decrypt it, or sign with a key in KMS or an HSM")
		default:
			return nil, fmt.Errorf("is a PEM block of type %.40q, not an elliptic-curve private key", block.Type)
		}
	}
}

func pkcs8(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("is a %T, which cannot sign", key)
	}
	return signer, nil
}
