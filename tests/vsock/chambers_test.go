package vsock

import (
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/replay"
)

// TestChambers: four chambers on one node, with the supervisor of runtime/supervisor.
func TestChambers(t *testing.T) {
	n := newNode(t, "./vsock/chambers", 4, 5, 6, 7)
	n.test = append(n.test, files(t, map[string][]byte{
		"/supervisor": program(n.ctx, t, "./vsock/supervisor"),
		// The pods' resolver.
		"/etc/hosts": []byte("127.0.0.1 localhost config.example.com\n"),
	})...)
	n.serve(t, map[string]uml.Options{"chamber": {
		Ramdisks: enclaveImage(n.ctx, t, "./vsock/signer", chamberPolicy), Command: []string{"/init"}, AsInit: true, MemoryMiB: 128,
	}})
	out, err := n.parent(t, "TestChambers")
	replay.Results(t, out)
	if err != nil {
		t.Error(err)
	}
}
