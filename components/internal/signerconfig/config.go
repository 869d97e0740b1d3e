// Package signerconfig puts the enclave selector into the signer's own
// configuration, which is passed through untouched otherwise.
//
// The rules are those of upstream's documentation ("Enclave overview"): in Nitro
// mode the signer insists on aTLS and on a persistent state backend, and
// without them it ends at its start, long after `pulumi up` has.
package signerconfig

import (
	"encoding/json"
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// Selectors of the enclave mode.
const (
	// TEE is the current form: tee.platform: nitro.
	TEE = "tee"
	// KeySource is the form of older releases: key_sources.dynamodb.enclave.
	KeySource = "keySource"
	// None leaves the configuration alone.
	None = "none"
)

// Render returns the configuration with the selector in it, as JSON. Faults are
// a fault.List; they name keys below "config" and never show a value, since it
// may be secret.
func Render(config map[string]any, selector string) (string, error) {
	e := editor{root: copyObject(config)}
	e.equal(contract.PortAPI, "the Service and the probes use it", "server", "listen_port")
	e.equal(contract.PortMetrics, "the Service uses it", "metrics", "listen_port")
	switch selector {
	case TEE:
		e.set("nitro", "tee", "platform")
		e.set("atls", "tls", "mode")
		e.require("a persistent backend, such as dynamodb", "signer_state", "backend")
	case KeySource:
		e.require("the table of the keys", "key_sources", "dynamodb", "table")
		e.set(true, "key_sources", "dynamodb", "enclave", "enabled")
		e.set(contract.PortAPI, "key_sources", "dynamodb", "enclave", "vsock_port")
		e.set(contract.PortMetrics, "key_sources", "dynamodb", "enclave", "metrics_vsock_port")
	}
	if err := e.faults.Err(); err != nil {
		return "", err
	}
	out, err := json.Marshal(e.root)
	if err != nil {
		return "", fmt.Errorf("rendering the configuration: %w", err)
	}
	return string(out), nil
}
