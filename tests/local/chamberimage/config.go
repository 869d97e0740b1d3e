package chamberimage

import (
	"encoding/json"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/awsstub"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/signer/client"
)

// validatorKey is the secret key of the signer's one validator: a test vector of
// Ethereum's consensus tests.
const validatorKey = "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3"

// StateTable is the table that the stand-in for AWS must have.
const StateTable = "containment-state"

// Config is a configuration of the signer in the image, for its section of a chamber's:
// KMS must answer to an attestation document, and TLS to AWS ends in the enclave.
func Config(aws *awsstub.Stub) (map[string]any, error) {
	fixture := map[string]any{
		"secret_keys": []string{validatorKey}, "attestation": "required", "ca_bundle_pem": string(aws.CA()),
		"kms_ciphertext": aws.Encrypt([]byte("a master key of thirty-two bytes")),
	}
	config := map[string]any{
		"network": client.Network, "fixture": fixture,
		"signer_state": map[string]any{"backend": "dynamodb", "table": StateTable},
	}
	// Plain values only, as a configuration that was read has them.
	data, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	return plain, json.Unmarshal(data, &plain)
}
