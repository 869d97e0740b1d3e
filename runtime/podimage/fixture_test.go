package podimage

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/imagebuild"
)

// compile builds a static Go program.
func compile(t *testing.T, name string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// program64 is a small one, which stands for supervisor and init.
func program64(t *testing.T) []byte {
	t.Helper()
	return compile(t, "./testdata/program")
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
	return requestOf(t, a, application, program64(t))
}

func requestOf(t *testing.T, a eif.Architecture, application string, program []byte) Request {
	t.Helper()
	dir := t.TempDir()
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
