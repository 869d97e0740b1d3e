package nitrocli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/control"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// fakeSupervisor has one enclave, or none.
type fakeSupervisor struct {
	description admin.Description
	err         error
	console     io.ReadCloser
	terminated  int
}

func (s *fakeSupervisor) Describe(context.Context) (admin.Description, error) {
	return s.description, s.err
}
func (s *fakeSupervisor) Drain(context.Context) error { return errors.New("nobody asked for a drain") }
func (s *fakeSupervisor) Attest(context.Context, control.Attestation) ([]byte, error) {
	return nil, errors.New("nobody asked for a document")
}
func (s *fakeSupervisor) Terminate(context.Context) error {
	s.terminated++
	return nil
}
func (s *fakeSupervisor) Console(context.Context) (io.ReadCloser, error) {
	if s.console == nil {
		return nil, launch.ErrNoConsole
	}
	return s.console, nil
}

func running() *fakeSupervisor {
	return &fakeSupervisor{description: admin.Description{State: "ready", ProcessID: 1, Enclave: &admin.Enclave{
		Name: "signer-6c9f-x2k", ID: "i-0123456789abcdef0-enc0123456789abcde", CID: 16, CPUs: 2, CPUIDs: []int{1, 3}, MemoryMiB: 1024,
		State: admin.EnclaveRunning, Started: time.Unix(1, 0).UTC(),
		Measurements: &eif.Measurements{PCR0: eif.Digest{0x10}, PCR1: eif.Digest{0x11}, PCR2: eif.Digest{0x12}, PCR8: &eif.Digest{0x18}},
		Metadata:     metadata(),
	}}}
}

func metadata() *eif.Metadata {
	return &eif.Metadata{
		ImageName: "signer", ImageVersion: "v1.5.0",
		BuildMetadata: eif.BuildMetadata{
			BuildTime: "1970-01-01T00:00:00+00:00", BuildTool: "chamber", BuildToolVersion: "v1 <&>", OperatingSystem: "Linux", KernelVersion: "6.12",
		},
		DockerInfo: json.RawMessage(`{"Os":"linux"}`), CustomMetadata: json.RawMessage(`{"commit":"abc","team":"a & b"}`),
	}
}

// run returns what a call prints, with its exit status.
func run(t *testing.T, s admin.Supervisor, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := Run(t.Context(), s, "v1.2.3", args, &stdout, &stderr)
	return fmt.Sprintf("%s--- stderr\n%s--- status %d\n", stdout.String(), stderr.String(), status)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	debug := running()
	debug.description.Enclave.Debug = true
	debug.description.Enclave.Measurements.PCR8 = nil
	bare := running()
	bare.description.Enclave.Measurements, bare.description.Enclave.Metadata, bare.description.Enclave.CPUIDs = nil, nil, nil
	booting := &fakeSupervisor{description: admin.Description{State: "failed", Reason: "image: there is no such file"}}
	for name, tc := range map[string]struct {
		supervisor *fakeSupervisor
		args       []string
	}{
		"describe-enclaves":          {running(), []string{"describe-enclaves"}},
		"describe-enclaves-metadata": {running(), []string{"describe-enclaves", "--metadata"}},
		"describe-enclaves-debug":    {debug, []string{"describe-enclaves"}},
		"describe-enclaves-bare":     {bare, []string{"describe-enclaves"}},
		"describe-enclaves-none":     {booting, []string{"describe-enclaves"}},
		"describe-enclaves-gone":     {&fakeSupervisor{err: admin.ErrNotRunning}, []string{"describe-enclaves"}},
		"terminate-id":               {running(), []string{"terminate-enclave", "--enclave-id", "i-0123456789abcdef0-enc0123456789abcde"}},
		"terminate-other":            {running(), []string{"terminate-enclave", "--enclave-id", "i-0-enc1"}},
		"terminate-none":             {booting, []string{"terminate-enclave", "--all"}},
		"terminate-nothing":          {running(), []string{"terminate-enclave"}},
		"console-not-debug":          {running(), []string{"console", "--enclave-name", "signer-6c9f-x2k"}},
		"console-other":              {running(), []string{"console", "--enclave-name", "x"}},
		"run-enclave":                {running(), []string{"run-enclave", "--cpu-count", "2", "--memory", "512", "--eif-path", "x.eif"}},
		"unknown":                    {running(), []string{"describe"}},
		"help":                       {running(), nil},
		"help-terminate":             {running(), []string{"terminate-enclave", "--help"}},
		"version":                    {running(), []string{"--version"}},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, run(t, tc.supervisor, tc.args...)) })
	}
}

// TestTerminate: what is named is ended, and nothing else.
func TestTerminate(t *testing.T) {
	for call, want := range map[string]int{
		"--all": 1, "--enclave-name signer-6c9f-x2k": 1, "--enclave-name signer": 0, "--enclave-id i-1": 0,
		"--all --enclave-id i-0123456789abcdef0-enc0123456789abcde": 0,
	} {
		s := running()
		got := run(t, s, append([]string{"terminate-enclave"}, strings.Fields(call)...)...)
		if s.terminated != want || strings.Contains(got, "status 0") != (want == 1) {
			t.Errorf("%s: terminated %d times:\n%s", call, s.terminated, got)
		}
	}
}

func TestConsole(t *testing.T) {
	s := running()
	s.console = io.NopCloser(strings.NewReader("booting\nready\n"))
	golden(t, "console", run(t, s, "console", "--enclave-id", s.description.Enclave.ID))
}

// TestConsoleDisconnects when it is silent, and when the caller is told to end.
func TestConsoleDisconnects(t *testing.T) {
	s := running()
	reader, writer := io.Pipe()
	s.console = reader
	go func() { _, _ = io.WriteString(writer, "booting\n") }()
	if got := run(t, s, "console", "--enclave-name", s.description.Enclave.Name, "--disconnect-timeout", "1"); !strings.HasPrefix(got, "booting\n") || !strings.Contains(got, "status 0") {
		t.Error(got)
	}
	s.console, _ = io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if status := Run(ctx, s, "", []string{"console", "--enclave-id", s.description.Enclave.ID}, io.Discard, io.Discard); status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestDescribeEIF has an image of ours and one that is damaged.
func TestDescribeEIF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signer.eif")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = eif.Build(t.Context(), out, eif.Spec{
		Architecture: eif.X8664, Kernel: blob.Bytes([]byte("the kernel")), Cmdline: "reboot=k",
		Ramdisks: []eif.Content{blob.Bytes([]byte("bootstrap")), blob.Bytes([]byte("application"))}, Metadata: *metadata(),
	})
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	golden(t, "describe-eif", run(t, nil, "describe-eif", "--eif-path", path))
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	image[bytes.Index(image, []byte("the kernel"))] ^= 1
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, nil, "describe-eif", "--eif-path", path); !strings.Contains(got, `"CheckCRC": false`) || !strings.Contains(got, "header.crc") || !strings.Contains(got, "status 0") {
		t.Error(got)
	}
	if got := run(t, nil, "describe-eif", "--eif-path", path+"x"); !strings.Contains(got, "--eif-path: ") || !strings.Contains(got, "status 1") {
		t.Error(got)
	}
}
