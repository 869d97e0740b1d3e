//go:build linux

package reap

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 30 * time.Second

// TestMain lets this binary be the processes that it starts.
func TestMain(m *testing.M) {
	switch os.Getenv("PROCESS") {
	case "":
		os.Exit(m.Run())
	case "parent":
		child := exec.Command("/proc/self/exe")
		child.Env = []string{"PROCESS=child"}
		if err := child.Start(); err != nil {
			os.Exit(1)
		}
		fmt.Print(child.Process.Pid)
	case "code":
		os.Exit(7)
	}
	os.Exit(0)
}

func program(behaviour string) *exec.Cmd {
	c := exec.Command("/proc/self/exe")
	c.Env = []string{"PROCESS=" + behaviour}
	return c
}

// TestOrphans: a grandchild whose parent has gone is waited for, and the exit status of
// children of os/exec is theirs, even when nobody has asked for it for a while.
func TestOrphans(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip("cannot become a subreaper: ", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const every = 300 * time.Millisecond
	go Run(ctx, every)
	for range 3 {
		out, err := program("parent").Output()
		if err != nil {
			t.Fatal(err)
		}
		var orphan int
		if _, err := fmt.Sscan(string(out), &orphan); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); syscall.Kill(orphan, 0) == nil; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the orphan is still there")
			}
		}
		own := program("code")
		if err := own.Run(); own.ProcessState == nil || own.ProcessState.ExitCode() != 7 {
			t.Fatalf("a child's status was lost: %v", err)
		}
	}
}

func TestParse(t *testing.T) {
	tail := " Z 1 5 5 0 -1 4228108 0 0 0 0 0 0 0 0 20 0 1 0 8812345 0 0"
	for _, c := range []struct {
		line string
		want bool
	}{
		{"42 (sh)" + tail, true},
		{"42 (a) S 1 (b)" + tail, true},
		{"42 (sh)" + strings.Replace(tail, " Z 1 ", " S 1 ", 1), false},
		{"42 (sh)" + strings.Replace(tail, " Z 1 ", " Z 2 ", 1), false},
		{"42 (sh) Z 1", false},
		{"nothing", false},
		{"x (sh)" + tail, false},
	} {
		p, ok := parse(c.line, 1)
		if ok != c.want || ok && p != (process{42, "8812345"}) {
			t.Errorf("%q gave %v, %v", c.line, p, ok)
		}
	}
}
