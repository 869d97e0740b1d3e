package podimage

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// programPath is a static Go program with modules, which stands for supervisor and init.
var programPath string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "podimage-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		programPath = filepath.Join(dir, "program")
		return m.Run()
	}())
}

// builtProgram is compiled once, by the first test that needs it.
var builtProgram = sync.OnceValues(func() ([]byte, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", programPath, "../../cmd/enclave-init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return out, err
	}
	return os.ReadFile(programPath)
})

func program64(t *testing.T) []byte {
	t.Helper()
	b, err := builtProgram()
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return b
}

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// forARM64 claims that a program is one for arm64: nobody runs it here.
func forARM64(b []byte) []byte {
	b = append([]byte{}, b...)
	binary.LittleEndian.PutUint16(b[18:], uint16(elf.EM_AARCH64))
	return b
}

// fakeKernel has what is looked at of a kernel.
func fakeKernel(a eif.Architecture) []byte {
	b := make([]byte, 0x300)
	copy(b[0x202:], "HdrS")
	if a == eif.ARM64 {
		copy(b[56:], "ARM\x64")
	}
	return b
}

// request makes all files for one architecture. The application makes the image differ.
func request(t *testing.T, a eif.Architecture, application string) Request {
	t.Helper()
	dir := t.TempDir()
	program := program64(t)
	if a == eif.ARM64 {
		program = forARM64(program)
	}
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "application"), []byte(application))
	init := write(t, filepath.Join(dir, "init"), program)
	enclave := filepath.Join(dir, "signer.eif")
	_, err := imagebuild.Build(t.Context(), imagebuild.Request{
		RootFS: root, Architecture: a, Kernel: write(t, filepath.Join(dir, "kernel"), fakeKernel(a)), Init: init,
		Command: []string{"/application"}, Name: "signer", Version: "v1.5.0", Output: enclave,
	})
	if err != nil {
		t.Fatal(err)
	}
	return Request{EnclaveImage: enclave, Init: init, Supervisor: write(t, filepath.Join(dir, "supervisor"), program), ToolVersion: "test"}
}

func build(t *testing.T, r Request) *Built {
	t.Helper()
	b, err := Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantError fails unless the error says all of it.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q:\n%v", part, err)
		}
	}
}
