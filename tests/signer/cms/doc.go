// Package cms opens what KMS sends to an enclave instead of a plaintext:
// CiphertextForRecipient, which is EnvelopedData (RFC 5652) for the RSA key in the
// attestation document.
//
// KMS makes one recipient, known by its key's identifier, whose key is encrypted with
// RSAES-OAEP and SHA-256, content in AES-256-CBC, and writes it in BER: lengths may be
// indefinite and strings in parts (cms.c of aws/aws-nitro-enclaves-sdk-c reads it so).
// Other algorithms are refused.
package cms
