package boot

import (
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/attest"
)

// wantDocument: the emulator's module signs with zeros, so that the content is all
// that can be checked.
func wantDocument(t *testing.T, raw []byte, im image) {
	t.Helper()
	document, err := attest.ParseUnverified(raw)
	if err != nil {
		t.Fatal(err)
	}
	if string(document.Nonce) != "a nonce of the test" || document.Debug() {
		t.Errorf("document %+v", document)
	}
	if got := document.PCRs[0].String(); got != im.measurements.PCR0.String() {
		t.Errorf("PCR0 in the document is %s", got)
	}
}
