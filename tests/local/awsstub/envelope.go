package awsstub

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the identifier of a key, as RFC 5280 has it
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

// seal encrypts a plaintext for an RSA key, in the form of CiphertextForRecipient:
// EnvelopedData (RFC 5652) with one recipient, in BER with indefinite lengths and the
// content in parts, which is what an enclave has to cope with.
func seal(plaintext, publicKey []byte) ([]byte, error) {
	parsed, err := x509.ParsePKIXPublicKey(publicKey)
	if err != nil {
		return nil, fmt.Errorf("the document's public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the document's public key is not of RSA")
	}
	session, iv := random(32), random(aes.BlockSize)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, session, nil)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(session)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(plaintext)%aes.BlockSize
	secret := append(bytes.Clone(plaintext), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(secret, secret)
	identifier := sha1.Sum(publicKey) //nolint:gosec // not for security
	return envelopedData(identifier[:], wrapped, iv, secret), nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// envelopedData writes the structure around the secrets.
func envelopedData(identifier, wrapped, iv, secret []byte) []byte {
	sha256ID := value(0x30, oid(2, 16, 840, 1, 101, 3, 4, 2, 1), value(0x05))
	mgf1 := value(0x30, oid(1, 2, 840, 113549, 1, 1, 8), sha256ID)
	oaep := value(0x30, oid(1, 2, 840, 113549, 1, 1, 7), value(0x30, value(0xa0, sha256ID), value(0xa1, mgf1)))
	recipient := value(0x30, value(0x02, []byte{2}), value(0x80, identifier), oaep, value(0x04, wrapped))
	algorithm := value(0x30, oid(2, 16, 840, 1, 101, 3, 4, 1, 42), value(0x04, iv))
	half := len(secret) / 2
	content := open(0xa0, value(0x04, secret[:half]), value(0x04, secret[half:]))
	info := open(0x30, oid(1, 2, 840, 113549, 1, 7, 1), algorithm, content)
	enveloped := open(0x30, value(0x02, []byte{2}), value(0x31, recipient), info)
	return open(0x30, oid(1, 2, 840, 113549, 1, 7, 3), open(0xa0, enveloped))
}

// value is a value with its length.
func value(tag byte, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	head := []byte{tag}
	switch n := len(content); {
	case n < 0x80:
		head = append(head, byte(n))
	case n < 0x100:
		head = append(head, 0x81, byte(n))
	default:
		head = append(head, 0x82, byte(n>>8), byte(n))
	}
	return append(head, content...)
}

// open is a value that has an end instead of a length.
func open(tag byte, parts ...[]byte) []byte {
	return slices.Concat([]byte{tag, 0x80}, slices.Concat(parts...), []byte{0, 0})
}

func oid(numbers ...int) []byte {
	b, err := asn1.Marshal(asn1.ObjectIdentifier(numbers))
	if err != nil {
		panic(err) // the numbers are constants
	}
	return b
}
