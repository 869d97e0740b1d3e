package eif

import (
	"crypto/elliptic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuildThenVerify(t *testing.T) {
	for _, curve := range []elliptic.Curve{nil, elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		s := sampleSpec()
		if curve != nil {
			s.Signer = testSigner(t, curve, 7)
		}
		b, built := build(t, s)
		again, _ := build(t, s)
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("the same specification gave other bytes: %s", diff)
		}
		im := open(t, b)
		measured, err := im.Measure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(built, measured); diff != "" {
			t.Errorf("Build and Measure disagree: %s", diff)
		}
		if err := im.Verify(t.Context(), VerifyOptions{Expected: Expect(built), RequireSignature: curve != nil}); err != nil {
			t.Error(err)
		}
	}
}
