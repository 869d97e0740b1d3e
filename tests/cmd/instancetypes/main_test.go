package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// wheel packs a data file as moto does.
func wheel(t *testing.T, data []byte) string {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "moto-9.8.7-py3-none-any.whl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	archive := zip.NewWriter(file)
	w, err := archive.CreateHeader(&zip.FileHeader{Name: dataFile, Modified: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// generate runs the whole program on a data file.
func generate(t *testing.T, data []byte) (string, error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.go")
	if err := run(t.Context(), "", wheel(t, data), out); err != nil {
		return "", err
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

func TestGenerate(t *testing.T) {
	data, err := os.ReadFile("testdata/types.json")
	if err != nil {
		t.Fatal(err)
	}
	first, err := generate(t, data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := generate(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("two runs differ: %s", diff)
	}
	const path = "testdata/table.golden"
	if *update {
		if err := os.WriteFile(path, []byte(first), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), first); diff != "" {
		t.Errorf("run the test with -update (-want +got):\n%s", diff)
	}
}

func TestGenerateRefuses(t *testing.T) {
	const good = `{"Hypervisor": "nitro", "NitroEnclavesSupport": "supported", "MemoryInfo": {"SizeInMiB": 8192},
		"VCpuInfo": {"DefaultVCpus": 4, "DefaultThreadsPerCore": 2}, "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
		"NetworkInfo": {"Ipv4AddressesPerInterface": 15, "NetworkCards": [{"MaximumNetworkInterfaces": 4}]}}`
	if _, err := generate(t, []byte(`{"c5.xlarge": `+good+`}`)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, data, want string }{
		{"no memory", `{"c5.xlarge": ` + strings.Replace(good, "8192", "0", 1) + `}`, "c5.xlarge: memory, network or NitroEnclavesSupport is missing"},
		{"no word on enclaves", `{"c5.xlarge": ` + strings.Replace(good, `"supported"`, `"maybe"`, 1) + `}`, "c5.xlarge: memory, network or NitroEnclavesSupport is missing"},
		{"no network card", `{"c5.xlarge": ` + strings.Replace(good, `{"Max`, `{"NetworkCardIndex": 1, "Max`, 1) + `}`, "c5.xlarge: memory, network or NitroEnclavesSupport is missing"},
		{"a strange architecture", `{"c5.xlarge": ` + strings.Replace(good, "x86_64", "riscv64", 1) + `}`, `"c5.xlarge" on [riscv64] is not understood`},
		{"a strange name", `{"c5": ` + good + `}`, `"c5" on [x86_64] is not understood`},
		{"two architectures in a family", `{"c5.xlarge": ` + good + `, "c5.2xlarge": ` + strings.Replace(good, "x86_64", "arm64", 1) + `}`, "family c5 has ARM64 and X8664"},
		{"no JSON", "{", "unexpected end of JSON input"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := generate(t, []byte(tc.data)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
