package signerconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

type object = map[string]any

func TestRender(t *testing.T) {
	for _, tc := range []struct {
		name     string
		config   object
		selector string
		want     string
	}{
		{
			"tee", object{"network": "hoodi", "signer_state": object{"backend": "dynamodb"}}, TEE,
			`{"network":"hoodi","signer_state":{"backend":"dynamodb"},"tee":{"platform":"nitro"},"tls":{"mode":"atls"}}`,
		},
		{
			"tee said already", object{"tee": object{"platform": "nitro"}, "signer_state": object{"backend": "dynamodb"}, "tls": object{"mode": "atls", "listen_port": 9443.0}}, TEE,
			`{"signer_state":{"backend":"dynamodb"},"tee":{"platform":"nitro"},"tls":{"listen_port":9443,"mode":"atls"}}`,
		},
		{
			"key source", object{"key_sources": object{"dynamodb": object{"table": "keys"}}}, KeySource,
			`{"key_sources":{"dynamodb":{"enclave":{"enabled":true,"metrics_vsock_port":3000,"vsock_port":9000},"table":"keys"}}}`,
		},
		{"none", object{"network": "hoodi"}, None, `{"network":"hoodi"}`},
		{"default ports spelt out", object{"server": object{"listen_port": 9000.0}}, None, `{"server":{"listen_port":9000}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Render(tc.config, tc.selector)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRenderFaults(t *testing.T) {
	for _, tc := range []struct {
		name     string
		config   object
		selector string
		want     string
	}{
		{
			"no state backend", object{}, TEE,
			"config.signer_state.backend: is required in an enclave; give a persistent backend, such as dynamodb",
		},
		{
			"plain TLS, other platform", object{"tls": object{"mode": "file"}, "tee": object{"platform": "sev"}, "signer_state": object{"backend": "s"}}, TEE,
			"2 invalid arguments:\n" +
				"  - config.tee.platform: must be nitro in an enclave; leave it out, or use enclaveSelector none\n" +
				"  - config.tls.mode: must be atls in an enclave; leave it out, or use enclaveSelector none",
		},
		{"not an object", object{"tls": "secret", "signer_state": object{"backend": "s"}}, TEE, "config.tls: must be an object"},
		{
			"other port", object{"server": object{"listen_port": 8000.0}}, None,
			"config.server.listen_port: must be 9000, since the Service and the probes use it; leave it out",
		},
		{"no table", object{}, KeySource, "config.key_sources.dynamodb.table: is required in an enclave; give the table of the keys"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Render(tc.config, tc.selector)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRenderLeavesTheCallersConfigAlone(t *testing.T) {
	config := object{"signer_state": object{"backend": "dynamodb"}, "tls": object{}}
	if _, err := Render(config, TEE); err != nil {
		t.Fatal(err)
	}
	want := object{"signer_state": object{"backend": "dynamodb"}, "tls": object{}}
	if diff := cmp.Diff(want, config); diff != "" {
		t.Error(diff)
	}
}
