package awsstub

import (
	"net/http"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// KeyARN is the one key that there is.
const KeyARN = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"

// Encrypt returns what KMS would have made of a plaintext.
func (s *Stub) Encrypt(plaintext []byte) []byte {
	ciphertext := random(64)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ciphertexts[string(ciphertext)] = plaintext
	return ciphertext
}

type decryptInput struct {
	CiphertextBlob []byte
	KeyID          string `json:"KeyId"`
	Recipient      *struct {
		AttestationDocument    []byte
		KeyEncryptionAlgorithm string
	}
}

type decryptOutput struct {
	KeyID                  string `json:"KeyId"`
	EncryptionAlgorithm    string
	Plaintext              []byte `json:",omitempty"`
	CiphertextForRecipient []byte `json:",omitempty"`
}

func (s *Stub) kms(w http.ResponseWriter, r *http.Request) {
	s.jsonCall(w, r, "kms", "TrentService", func(c *call) (any, error) {
		if c.action != "Decrypt" {
			return nil, refusal("UnknownOperationException", "%s", c.action)
		}
		var in decryptInput
		if err := c.read(&in); err != nil {
			return nil, err
		}
		return s.decrypt(in, &c.record)
	})
}

func (s *Stub) decrypt(in decryptInput, record *Request) (any, error) {
	s.mu.Lock()
	plaintext, ok := s.ciphertexts[string(in.CiphertextBlob)]
	s.mu.Unlock()
	switch {
	case !ok:
		return nil, refusal("InvalidCiphertextException", "this stand-in has not made the ciphertext")
	case in.KeyID != "" && in.KeyID != KeyARN:
		return nil, refusal("IncorrectKeyException", "the key is %s", KeyARN)
	}
	out := decryptOutput{KeyID: KeyARN, EncryptionAlgorithm: "SYMMETRIC_DEFAULT"}
	if in.Recipient == nil {
		if s.options.OnlyAttested {
			return nil, refusal("AccessDeniedException", "the key's policy asks for an attestation document")
		}
		out.Plaintext = plaintext
		return out, nil
	}
	if in.Recipient.KeyEncryptionAlgorithm != "RSAES_OAEP_SHA_256" {
		return nil, refusal("ValidationException", "KeyEncryptionAlgorithm %q", in.Recipient.KeyEncryptionAlgorithm)
	}
	document, err := s.judge(in.Recipient.AttestationDocument)
	if err != nil {
		return nil, refusal("AccessDeniedException", "%v", err)
	}
	record.Attested = true
	out.CiphertextForRecipient, err = seal(plaintext, document.PublicKey)
	return out, err
}

func (s *Stub) judge(raw []byte) (*attest.Document, error) {
	if s.options.Document == nil {
		return nil, refusal("AccessDeniedException", "this stand-in was not told which documents to accept")
	}
	return s.options.Document(raw)
}
