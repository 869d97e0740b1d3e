package realnode

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// child starts a node and keeps it until it is killed, or says why there is none.
func child(encoded string) string {
	var options Options
	if err := json.Unmarshal([]byte(encoded), &options); err != nil {
		return err.Error()
	}
	n, err := start(context.Background(), options, os.NewFile(lockFD, "lock"))
	if errors.Is(err, ErrUnavailable) {
		return "unavailable " + err.Error()
	}
	if err != nil {
		return err.Error()
	}
	_, _ = os.Stdout.WriteString("guard " + strconv.Itoa(n.guard.Process.Pid) + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return ""
}

// startChild starts the tests' program as child, under the test's lock. It ends when its
// input does: with the test at the latest.
func startChild(t *testing.T, o Options, lock *os.File) (*exec.Cmd, string) {
	t.Helper()
	encoded, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", childRole, string(encoded))
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, []*os.File{lock}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// startGuarded starts a child with a node and returns the id of its guard.
func startGuarded(t *testing.T, o Options, lock *os.File) (*exec.Cmd, int) {
	t.Helper()
	cmd, line := startChild(t, o, lock)
	guard, err := strconv.Atoi(strings.TrimPrefix(line, "guard "))
	if err != nil {
		t.Fatal(line)
	}
	return cmd, guard
}

// awaitEnd waits until a process has ended. One that nobody has collected has no
// command line anymore.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for time.Now().Before(deadline) {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil || len(line) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("process %d is still there", pid)
}
