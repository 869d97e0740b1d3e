package kernel

import "testing"

// TestSettingsDigest: each architecture has its own, and a comment is no setting.
func TestSettingsDigest(t *testing.T) {
	x86, err := SettingsDigest(X8664)
	if err != nil {
		t.Fatal(err)
	}
	arm, err := SettingsDigest(ARM64)
	if err != nil {
		t.Fatal(err)
	}
	if x86 == arm || len(x86) != 64 {
		t.Errorf("the digests are %q and %q", x86, arm)
	}
	if _, err := SettingsDigest("riscv64"); err == nil {
		t.Error("there is one for an architecture without a fragment")
	}
	with, err := Normal("# why\nCONFIG_A=y\n\nCONFIG_B=n\n")
	if err != nil {
		t.Fatal(err)
	}
	without, err := Normal("CONFIG_A=y\nCONFIG_B=n\n")
	if err != nil || with != without {
		t.Errorf("%q is not %q (%v)", with, without, err)
	}
}
