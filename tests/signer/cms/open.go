package cms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

// Object identifiers of what KMS uses (RFC 5652, RFC 8017, and NIST's AES arc).
var (
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidOAEP          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidAES256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// Open decrypts EnvelopedData for one recipient, the owner of the key.
func Open(data []byte, key *rsa.PrivateKey) ([]byte, error) {
	plaintext, err := open(data, key)
	if err != nil {
		return nil, fmt.Errorf("opening the CMS envelope: %w", err)
	}
	return plaintext, nil
}

func open(data []byte, key *rsa.PrivateKey) ([]byte, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(data), maxBytes)
	}
	root, rest, err := parse(data, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errors.New("there is something behind its end")
	}
	content, err := root.field(tagSequence, 1).field(0xa0, 0).find(tagSequence)
	if err != nil || !root.field(tagSequence, 0).is(oidEnvelopedData) {
		return nil, errors.New("it is not EnvelopedData")
	}
	wrapped, err := recipient(content)
	if err != nil {
		return nil, err
	}
	session, err := rsa.DecryptOAEP(sha256.New(), nil, key, wrapped, nil)
	if err != nil {
		return nil, fmt.Errorf("the content's key: %w", err)
	}
	return decrypt(content.children[len(content.children)-1], session)
}

// recipient returns the encrypted key of the only recipient.
func recipient(content node) ([]byte, error) {
	i := slices.IndexFunc(content.children, func(n node) bool { return n.tag == tagSet })
	if i < 0 || len(content.children[i].children) != 1 || i == len(content.children)-1 {
		return nil, errors.New("it has not one recipient")
	}
	info := content.children[i].children[0]
	if info.tag != tagSequence || len(info.children) != 4 || !info.field(tagSequence, 2).field(tagSequence, 0).is(oidOAEP) {
		return nil, errors.New("the recipient's key is not encrypted with RSAES-OAEP")
	}
	return info.children[3].octets(tagOctetString)
}

func decrypt(info node, session []byte) ([]byte, error) {
	algorithm := info.field(tagSequence, 1)
	if !info.field(tagSequence, 0).is(oidData) || !algorithm.field(tagSequence, 0).is(oidAES256CBC) || len(info.children) != 3 || len(session) != 32 {
		return nil, errors.New("the content is not encrypted with AES-256-CBC")
	}
	iv, err := algorithm.field(tagSequence, 1).octets(tagOctetString)
	if err != nil || len(iv) != aes.BlockSize {
		return nil, fmt.Errorf("the initialisation vector has %d bytes (%w)", len(iv), err)
	}
	secret, err := info.children[2].octets(tagContext0)
	if err != nil {
		return nil, err
	}
	if len(secret) == 0 || len(secret)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("the content has %d bytes, which are no whole blocks", len(secret))
	}
	block, err := aes.NewCipher(session)
	if err != nil {
		return nil, err
	}
	plaintext := make([]byte, len(secret))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plaintext, secret)
	return unpad(plaintext)
}

// unpad takes off the padding of RFC 5652, 6.3.
func unpad(b []byte) ([]byte, error) {
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize {
		return nil, errors.New("the content's padding is wrong")
	}
	for _, p := range b[len(b)-n:] {
		if int(p) != n {
			return nil, errors.New("the content's padding is wrong")
		}
	}
	return b[:len(b)-n], nil
}

// field returns a child, or a node of no kind where there is none.
func (n node) field(tag byte, index int) node {
	if n.tag != tag || index >= len(n.children) {
		return node{}
	}
	return n.children[index]
}

func (n node) find(tag byte) (node, error) {
	if n.tag != tag || len(n.children) == 0 {
		return node{}, errors.New("there is no such field")
	}
	return n, nil
}

func (n node) is(oid asn1.ObjectIdentifier) bool {
	want, err := asn1.Marshal(oid)
	return err == nil && n.tag == tagOID && slices.Equal(n.content, want[2:])
}
