package emulator

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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

// TestProcessEndsWithItsContext: a child of the process too.
func TestProcessEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := start(ctx, t.TempDir(), "/bin/sh", "-c", "sleep 600 & echo $!; wait")
	if err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(p.output.String(), "\n") {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-p.done
	if err := p.failure(); err == nil {
		t.Error("a killed process has not failed")
	}
	child := filepath.Join("/proc", strings.TrimSpace(p.output.String()), "stat")
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		// Nobody may have collected the child's status, so it may be there as a zombie.
		stat, err := os.ReadFile(child)
		if err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("the child is still there: %s", stat)
		}
	}
	p.kill() // again, and of nobody else
}

func TestFailureHasTheLastWords(t *testing.T) {
	p, err := start(t.Context(), t.TempDir(), "/bin/sh", "-c", "echo first; echo last >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	<-p.done
	if err := p.failure(); err == nil || !strings.Contains(err.Error(), "sh: exit status 3\nfirst\nlast") {
		t.Errorf("error %v", err)
	}
	if err := p.awaitFile(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "ended too early") {
		t.Errorf("waiting for a dead process: %v", err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	var o output
	chunk := make([]byte, 1<<20)
	for range 6 {
		if n, err := o.Write(chunk); n != len(chunk) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	if n := len(o.String()); n != maxOutput {
		t.Errorf("kept %d bytes", n)
	}
}
