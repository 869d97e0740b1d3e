package imagebuild

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/kernel"
)

// TestCompression: nothing but the record of this very kernel lets auto compress.
func TestCompression(t *testing.T) {
	sum := sha256.Sum256(fakeKernel())
	own := hex.EncodeToString(sum[:])
	record := func(digest, ramdisks string) string {
		return fmt.Sprintf(`{"sha256":%q,"ramdisks":[%s]}`, digest, ramdisks)
	}
	for name, tc := range map[string]struct {
		record  string
		request Compression
		want    Compression
		refused string
	}{
		"no record":            {"", "", CompressNone, ""},
		"auto, no record":      {"", CompressAuto, CompressNone, ""},
		"ours":                 {record(own, `"gzip","xz"`), "", CompressXZ, ""},
		"ours, as auto":        {record(own, `"xz"`), CompressAuto, CompressXZ, ""},
		"another's record":     {record(strings.Repeat("0", 64), `"xz"`), "", CompressNone, ""},
		"ours, without xz":     {record(own, `"gzip"`), "", CompressNone, ""},
		"ours, not wanted":     {record(own, `"xz"`), CompressNone, CompressNone, ""},
		"wanted, no record":    {"", CompressXZ, CompressXZ, ""},
		"wanted, and it could": {record(own, `"xz"`), CompressXZ, CompressXZ, ""},
		"wanted, and cannot":   {record(own, `"gzip"`), CompressXZ, "", "the kernel does not unpack it"},
		"unknown":              {"", "zstd", "", `compress-init ("zstd"): is no compression`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := withLayout(t, request(t, dir), nil)
			r.CompressInit = tc.request
			if tc.record != "" {
				write(t, filepath.Join(dir, kernel.RecordFile), []byte(tc.record))
			}
			result, err := Build(t.Context(), r)
			if tc.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tc.refused) {
					t.Errorf("got %v, want %q", err, tc.refused)
				}
				return
			}
			if err != nil || result.CompressInit != tc.want {
				t.Fatalf("%+v, %v, want %s", result, err, tc.want)
			}
			image := readFile(t, r.Output)
			if got := bytes.Contains(image, []byte("\xfd7zXZ\x00")); got != (tc.want == CompressXZ) {
				t.Errorf("the image has an xz stream: %v", got)
			}
			if got := bytes.Contains(image, []byte(`"CompressInit":"xz"`)); got != (tc.want == CompressXZ) {
				t.Errorf("the metadata names the compression: %v", got)
			}
		})
	}
}

// TestCompressedIsTheSame: compressed or not, the same files are in it, and the same
// bytes come of two builds.
func TestCompressedIsTheSame(t *testing.T) {
	first := withLayout(t, request(t, t.TempDir()), nil)
	plain, again := first, first
	first.CompressInit, again.CompressInit = CompressXZ, CompressXZ
	plain.Output, again.Output = filepath.Join(t.TempDir(), "plain.eif"), filepath.Join(t.TempDir(), "again.eif")
	one, other := build(t, first), build(t, plain)
	build(t, again)
	if !bytes.Equal(readFile(t, first.Output), readFile(t, again.Output)) {
		t.Error("two builds give other bytes")
	}
	if one.Measurements.PCR1 == other.Measurements.PCR1 || one.Measurements.PCR2 != other.Measurements.PCR2 {
		t.Errorf("PCR1 must differ, PCR2 not:\n%v\n%v", one.Measurements, other.Measurements)
	}
	var found []string
	for _, d := range differences(t, first.Output, plain.Output) {
		if strings.HasPrefix(d.Where, "ramdisk") {
			found = append(found, d.String())
		}
	}
	if diff := cmp.Diff([]string{"ramdisk[0]: compression: xz -> none"}, found); diff != "" {
		t.Error(diff)
	}
}

func differences(t *testing.T, a, b string) []eif.Difference {
	t.Helper()
	var images [2]*eif.Image
	for i, path := range []string{a, b} {
		im, err := eif.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = im.Close() })
		images[i] = im
	}
	found, err := eif.Diff(t.Context(), images[0], images[1])
	if err != nil {
		t.Fatal(err)
	}
	return found
}
