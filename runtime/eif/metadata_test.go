package eif

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMetadataIsCanonical(t *testing.T) {
	m := sampleMetadata()
	m.DockerInfo = []byte(` [ {"z" : 1e3, "a": 12345678901234567890, "é": "<&>\u2028"} ] `)
	got, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `"DockerInfo":[{"a":12345678901234567890,"z":1e3,"é":"<&>` + "\\u2028" + `"}],"CustomMetadata":null}`
	if !strings.HasSuffix(string(got), want) {
		t.Errorf("got %s, want %s at the end", got, want)
	}
	back, err := parseMetadata(got)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(again)); diff != "" {
		t.Errorf("reading and writing changes it: %s", diff)
	}
}

func TestFormatTime(t *testing.T) {
	for want, in := range map[string]time.Time{
		"1970-01-01T00:00:00+00:00":     time.Unix(0, 0),
		"2026-11-24T12:00:00.125+00:00": time.Date(2026, 11, 24, 14, 0, 0, 125e6, time.FixedZone("", 7200)),
	} {
		if diff := cmp.Diff(want, FormatTime(in)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseMetadataRefuses(t *testing.T) {
	good, err := sampleMetadata().encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, old, with, want string }{
		{"missing", `"ImageName":"signer",`, ``, "ImageName is missing"},
		{"other case", `"ImageName"`, `"imagename"`, "ImageName is missing"},
		{"twice", `"ImageVersion"`, `"ImageName":"x","ImageVersion"`, "ImageName is there twice"},
		{"null", `"signer"`, `null`, "ImageName must be a string"},
		{"number", `"1.2.3"`, `1`, "ImageVersion must be a string"},
		{"inner", `"BuildTool":"chamber",`, ``, "BuildMetadata: BuildTool is missing"},
		{"inner kind", `"BuildMetadata":{`, `"BuildMetadata":"x","x":{`, "BuildMetadata: must be a JSON object"},
		{"time", `1970`, `197`, "BuildMetadata.BuildTime"},
		{"no value", `"CustomMetadata":null`, `"CustomMetadata":`, "must be JSON"},
		{"cut", `"CustomMetadata":null}`, `"CustomMetadata":null`, "must be JSON"},
		{"more", `"CustomMetadata":null}`, `"CustomMetadata":null}{}`, "must be one JSON object"},
		{"list", `{"ImageName"`, `[{"ImageName"`, "must be a JSON object"},
		{"text", `signer`, "\xff", "must be UTF-8"},
	} {
		in := strings.Replace(string(good), tc.old, tc.with, 1)
		if in == string(good) {
			t.Errorf("%s: nothing was changed", tc.name)
		}
		if _, err := parseMetadata([]byte(in)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
	if _, err := parseMetadata([]byte(strings.Replace(string(good), `{"ImageName"`, `{"New":[],"ImageName"`, 1))); err != nil {
		t.Errorf("a key of a later version is refused: %v", err)
	}
}
