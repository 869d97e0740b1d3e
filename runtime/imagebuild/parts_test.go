package imagebuild

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

func TestMergeEnv(t *testing.T) {
	got := mergeEnv([]string{"B=1", "A=1", "EMPTY="}, []string{"A=2=3", "C=", "B=9", "B=8"})
	if diff := cmp.Diff([]string{"B=8", "A=2=3", "EMPTY=", "C="}, got); diff != "" {
		t.Error(diff)
	}
}

func TestKernelRelease(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(b []byte) []byte
		want   string
	}{
		"as built":       {func(b []byte) []byte { return b }, "6.12.117"},
		"pointer beyond": {func(b []byte) []byte { b[bzImageReleaseAt], b[bzImageReleaseAt+1] = 0xff, 0xff; return b }, unknown},
		"no end":         {func(b []byte) []byte { return b[:pointerBase+0x84] }, unknown},
		"control codes":  {func(b []byte) []byte { b[pointerBase+0x80] = 0x1b; return b }, unknown},
		"no pointer":     {func(b []byte) []byte { return b[:bzImageReleaseAt] }, unknown},
	} {
		got, err := checkKernel(blob.Bytes(tc.change(fakeKernel())), eif.X8664)
		if err != nil || got != tc.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestReadMeasurements(t *testing.T) {
	zeros := strings.Repeat("0", 96)
	inner := `{"HashAlgorithm":"Sha384 { ... }","PCR0":"` + zeros + `","PCR1":"` + zeros + `","PCR2":"` + zeros + `"}`
	path := filepath.Join(t.TempDir(), "m.json")
	for content, ok := range map[string]bool{inner: true, `{"Measurements":` + inner + `}`: true, `{}`: false, `[]`: false, `{"Measurements":{}}`: false} {
		write(t, path, []byte(content))
		if _, err := ReadMeasurements(path); (err == nil) != ok {
			t.Errorf("%.30s: %v", content, err)
		}
	}
}

// TestDraftMode gives the file the mode that the umask leaves, as any other new file.
func TestDraftMode(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := NewDraft(filepath.Join(dir, "kept"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	if err := d.Keep(); err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(filepath.Join(dir, "kept"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Mode() != want.Mode() {
		t.Errorf("mode %v, want %v", got.Mode(), want.Mode())
	}
}
