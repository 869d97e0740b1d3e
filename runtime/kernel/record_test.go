package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRamdisks(t *testing.T) {
	for _, a := range []Architecture{X8664, ARM64} {
		text, err := Fragment(a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Ramdisks(text)
		if diff := cmp.Diff([]string{"gzip", "xz"}, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", a, err, diff)
		}
	}
	got, err := Ramdisks("CONFIG_RD_XZ=n\nCONFIG_RD_ZSTD=y\n# CONFIG_RD_GZIP is not set\n")
	if diff := cmp.Diff([]string{"zstd"}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := Ramdisks("what"); err == nil {
		t.Error("accepted what is no configuration")
	}
}

// TestRecordOf: a record of another kernel says nothing of this one.
func TestRecordOf(t *testing.T) {
	for name, tc := range map[string]struct {
		record string
		want   bool
	}{
		"its own":       {`{"sha256":"ab","ramdisks":["xz"]}`, true},
		"another's":     {`{"sha256":"cd","ramdisks":["xz"]}`, false},
		"of no digest":  {`{"ramdisks":["xz"]}`, false},
		"not a record":  {"x", false},
		"none":          {"", false},
		"of older date": {`{"sha256":"ab"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if tc.record != "" {
				if err := os.WriteFile(filepath.Join(dir, RecordFile), []byte(tc.record), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, ok := RecordOf(filepath.Join(dir, "bzImage"), "ab"); ok != tc.want {
				t.Errorf("%v, want %v", ok, tc.want)
			}
		})
	}
}
