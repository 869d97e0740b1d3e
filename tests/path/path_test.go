// Package path has the tests of the whole path: the real supervisor, in a container like
// the chamber's pod, starts a signed enclave image in the emulator, and a client outside
// gets signatures from the signer inside.
package path

import (
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/path/chamber"
)

func TestPath(t *testing.T) {
	r := start(t, chamber.Options{Identity: chamber.IRSA()})
	r.awaitReady(t)
	t.Log(r.Log)
}
