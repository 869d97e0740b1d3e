package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestImageHelp(t *testing.T) {
	golden(t, "image-help.txt", run(t, "image --help"))
	golden(t, "image-build-help.txt", run(t, "image build --help"))
}

// imageInputs puts an init, which also stands for the supervisor, and an enclave image
// into the workshop.
func imageInputs(t *testing.T) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "../enclave-init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	workshop(t, 1)
	write(t, "init", []byte(read(t, program)))
	run(t, buildRoot+"--output signer.eif")
}

// TestImageBuild writes to all places, twice with the same digest, and says it.
func TestImageBuild(t *testing.T) {
	imageInputs(t)
	build := "image build --enclave-image signer.eif --supervisor init --init init --version v2 "
	table := run(t, build+"--layout layout --archive chamber.tar --folders files --tag example.com/chamber:v2-nitro")
	var report imageReport
	if err := json.Unmarshal([]byte(run(t, build+"--archive again.tar --tag example.com/chamber:v2-nitro -o json")), &report); err != nil {
		t.Fatal(err)
	}
	if read(t, "chamber.tar") != read(t, "again.tar") {
		t.Error("two builds of one image differ")
	}
	for _, want := range []string{report.Digest, "linux/amd64", "base", "supervisor", "enclave", report.Images[0].Measurements.PCR0.String()} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	index := read(t, "layout/index.json")
	for _, want := range []string{report.Digest, "example.com/chamber:v2-nitro"} {
		if !strings.Contains(index, want) {
			t.Errorf("the layout's index lacks %q:\n%s", want, index)
		}
	}
	if measurements := read(t, "files/enclave/usr/share/containment-chamber/measurements.json"); !strings.Contains(measurements, report.Images[0].Measurements.PCR0.String()) {
		t.Errorf("measurements.json is %s", measurements)
	}
}

func TestImageRefusals(t *testing.T) {
	imageInputs(t)
	for line, want := range map[string]string{
		"image build --enclave-image signer.eif --supervisor init":                                       "at least one of the flags",
		"image build --supervisor init --layout layout":                                                  `"enclave-image" not set`,
		"image build --enclave-image signer.eif --supervisor bzImage --layout layout":                    "supervisor (bzImage)",
		"image build --enclave-image none.eif --supervisor init --layout layout":                         "none.eif: no such file",
		"image build --enclave-image signer.eif --supervisor init --layout layout -o yaml":               `--format "yaml": use table or json`,
		"image build --enclave-image signer.eif --enclave-image signer.eif --supervisor init --layout o": "there is none for x86_64",
	} {
		_, err := chamber(strings.Fields(line)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("chamber %s: %v, want %q", line, err, want)
		}
	}
	if _, err := os.Stat("layout"); err == nil {
		t.Error("something was written by a command that was refused")
	}
}
