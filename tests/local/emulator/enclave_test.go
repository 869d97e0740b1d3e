package emulator

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSocketsHaveShortPaths(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	e, err := New(Programs{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Listen(t.Context(), 1<<32-1); err != nil {
		t.Error(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(e.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if left, _ := os.ReadDir(long); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestArguments(t *testing.T) {
	args := Options{Image: "a.eif", ParentRole: "role,x", EnclaveID: "i-1-enc2"}.arguments("/fw", "/s")
	for flag, want := range map[string]string{
		"-M": "nitro-enclave,vsock=c,id=i-1-enc2,parent-role=role,,x", "-m": "512M", "-smp": "1", "-append": "reboot=t",
		"-kernel": "a.eif", "-L": "/fw", "-chardev": "socket,id=c,path=/s", "-accel": "tcg",
	} {
		if i := slices.Index(args, flag); i < 0 || args[i+1] != want {
			t.Errorf("no %s %s in %v", flag, want, args)
		}
	}
	args = Options{MemoryMiB: 256, CPUs: 2, Append: "panic=-1"}.arguments("", "")
	for _, want := range []string{"256M", "2", "panic=-1"} {
		if !slices.Contains(args, want) {
			t.Errorf("no %s in %v", want, args)
		}
	}
}
