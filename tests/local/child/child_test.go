package child

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProcessEndsWithItsContext: a child of the process too.
func TestProcessEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Start(ctx, Spec{Dir: t.TempDir(), Path: "/bin/sh", Args: []string{"-c", "sleep 600 & echo $!; wait"}})
	if err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(p.Output(), "\n") {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-p.Done()
	if err := p.Failure(); err == nil {
		t.Error("a killed process has not failed")
	}
	wantGone(t, strings.TrimSpace(p.Output()))
	p.Kill() // again, and of nobody else
}

func wantGone(t *testing.T, id string) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		// Nobody may have collected the child's status, so it may be there as a zombie.
		stat, err := os.ReadFile(filepath.Join("/proc", id, "stat"))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("the child is still there: %s", stat)
		}
	}
}

// TestHelpersEndWithTheirProgram: those that it has left behind.
func TestHelpersEndWithTheirProgram(t *testing.T) {
	p, err := Start(t.Context(), Spec{Path: "/bin/sh", Args: []string{"-c", "sleep 600 >/dev/null 2>&1 & echo $! $1; exit 3", "sh", "an argument"}, Helpers: true})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if err := p.Failure(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("ended with %v", err)
	}
	id, argument, _ := strings.Cut(strings.TrimSpace(p.Output()), " ")
	if argument != "an argument" {
		t.Errorf("the argument is %q", argument)
	}
	wantGone(t, id)
}

func TestNoProgram(t *testing.T) {
	for _, helpers := range []bool{false, true} {
		p, err := Start(t.Context(), Spec{Path: "/no/program", Helpers: helpers, Dir: "/no/folder"})
		if err == nil || p != nil {
			t.Errorf("started %v, %v", p, err)
		}
	}
}

func TestFailureHasTheLastWords(t *testing.T) {
	p, err := Start(t.Context(), Spec{Dir: t.TempDir(), Path: "/bin/sh", Args: []string{"-c", "echo first; echo last >&2; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if err := p.Failure(); err == nil || !strings.Contains(err.Error(), "sh: exit status 3\nfirst\nlast") {
		t.Errorf("error %v", err)
	}
	if err := p.AwaitFile(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "ended too early") {
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
