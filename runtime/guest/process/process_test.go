//go:build linux

package process

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deadline is far beyond what any step of these tests takes.
const deadline = 30 * time.Second

// TestMain lets this binary be the payload: with PAYLOAD set it behaves as told.
func TestMain(m *testing.M) {
	if behaviour := os.Getenv("PAYLOAD"); behaviour != "" {
		behave(behaviour)
	}
	os.Exit(m.Run())
}

func behave(as string) {
	switch as {
	case "exit 3":
		os.Exit(3)
	case "ignore":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(10 * time.Minute)
	case "wait":
		fmt.Println("ready")
		time.Sleep(10 * time.Minute)
	case "graceful":
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		fmt.Println("ready")
		<-told
		os.Exit(0)
	case "abort":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "tell":
		tell()
	case "leave a child": // that holds standard output open, in the same group
		child(syscall.SysProcAttr{}, "ignore", os.Stdout)
	case "leave an orphan": // in a session of its own
		child(syscall.SysProcAttr{Setsid: true}, "exit 3", os.Stderr)
	}
	os.Exit(0)
}

// child starts this binary again and does not wait for it.
func child(attr syscall.SysProcAttr, as string, out *os.File) {
	pid, err := syscall.ForkExec("/proc/self/exe", os.Args[:1], &syscall.ProcAttr{
		Env: []string{"PAYLOAD=" + as}, Files: []uintptr{0, out.Fd(), 2}, Sys: &attr,
	})
	fmt.Println("child", pid, err)
}

func tell() {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		for _, key := range []string{"NoNewPrivs:", "Groups:", "Uid:", "Gid:"} {
			if strings.HasPrefix(line, key) {
				fmt.Println(strings.Join(strings.Fields(line), " "))
			}
		}
	}
	dir, _ := os.Getwd()
	null, _ := os.Stdin.Read(make([]byte, 1))
	fmt.Println("dir", dir, "env", os.Environ(), "stdin", null, "leader", syscall.Getpgrp() == os.Getpid())
}

// start returns a running child, its standard output, and lets the reaper end with
// the test.
func start(t *testing.T, behaviour string, changes ...func(*Spec)) (*Child, *bufio.Reader) {
	t.Helper()
	reaper := NewReaper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { reaper.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	// By this name another user can start it too, wherever it is.
	spec := Spec{Path: "/proc/self/exe", Args: []string{"payload"}, Env: []string{"PAYLOAD=" + behaviour}, Dir: "/", Stdout: out, Stderr: os.Stderr}
	for _, change := range changes {
		change(&spec)
	}
	child, err := reaper.Start(spec)
	_ = out.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Stop(0); await(t, child) })
	return child, bufio.NewReader(in)
}

func await(t *testing.T, child *Child) {
	t.Helper()
	select {
	case <-child.Done():
	case <-time.After(deadline):
		t.Fatal("the child has not ended")
	}
}

func wantLine(t *testing.T, from *bufio.Reader, want string) {
	t.Helper()
	if line, err := from.ReadString('\n'); err != nil || line != want+"\n" {
		t.Fatalf("read %q, want %q: %v", line, want, err)
	}
}

func TestExitCodes(t *testing.T) {
	for behaviour, code := range map[string]int{"exit 3": 3, "abort": 128 + 9, "nothing": 0} {
		t.Run(behaviour, func(t *testing.T) {
			child, _ := start(t, behaviour)
			await(t, child)
			if child.ExitCode() != code {
				t.Errorf("code %d, want %d", child.ExitCode(), code)
			}
		})
	}
}

func TestStop(t *testing.T) {
	for name, tc := range map[string]struct {
		behaviour string
		grace     []time.Duration
		code      int
	}{
		"default action":   {"wait", []time.Duration{deadline}, 128 + 15},
		"ends in order":    {"graceful", []time.Duration{deadline}, 0},
		"ignores the term": {"ignore", []time.Duration{10 * time.Millisecond}, 128 + 9},
		"shortened grace":  {"ignore", []time.Duration{time.Hour, time.Millisecond}, 128 + 9},
	} {
		t.Run(name, func(t *testing.T) {
			child, out := start(t, tc.behaviour)
			wantLine(t, out, "ready")
			for _, grace := range tc.grace {
				child.Stop(grace)
			}
			await(t, child)
			if child.ExitCode() != tc.code {
				t.Errorf("code %d, want %d", child.ExitCode(), tc.code)
			}
			child.Stop(0) // of one that is gone
		})
	}
}

// TestStartedWithoutPrivileges: and only with what the image gives.
func TestStartedWithoutPrivileges(t *testing.T) {
	dir := t.TempDir()
	uid, gid := os.Getuid(), os.Getgid()
	var user *User
	if uid == 0 {
		uid, gid, user = 65532, 65533, &User{UID: 65532, GID: 65533}
		dir = "/"
	}
	child, out := start(t, "tell", func(s *Spec) { s.Dir, s.User = dir, user })
	await(t, child)
	var text bytes.Buffer
	_, _ = text.ReadFrom(out)
	for _, want := range []string{
		"NoNewPrivs: 1\n", fmt.Sprintf("Uid: %[1]d %[1]d %[1]d %[1]d\n", uid), fmt.Sprintf("Gid: %[1]d %[1]d %[1]d %[1]d\n", gid),
		"dir " + dir + " env [PAYLOAD=tell] stdin 0 leader true\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
	if user != nil && !strings.Contains(text.String(), "Groups:\n") {
		t.Errorf("there are supplementary groups:\n%s", text.String())
	}
	if own, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || own != 0 {
		t.Errorf("this process has no_new_privs: %d %v", own, err)
	}
}

// TestGroupEndsWithItsLeader: else a child would hold the log's pipe open.
func TestGroupEndsWithItsLeader(t *testing.T) {
	child, out := start(t, "leave a child")
	await(t, child)
	ended := make(chan error, 1)
	go func() {
		_, err := new(bytes.Buffer).ReadFrom(out)
		ended <- err
	}()
	select {
	case <-ended:
	case <-time.After(deadline):
		t.Error("somebody still has the pipe")
	}
}

// TestOrphansAreReaped: PID 1 gets them, and so does a subreaper.
func TestOrphansAreReaped(t *testing.T) {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	child, out := start(t, "leave an orphan")
	line, err := out.ReadString('\n')
	fields := strings.Fields(line)
	if err != nil || len(fields) != 3 {
		t.Fatalf("read %q: %v", line, err)
	}
	pid, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	await(t, child)
	for end := time.Now().Add(deadline); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

func TestStartFails(t *testing.T) {
	reaper := NewReaper()
	_, err := reaper.Start(Spec{Path: "/does/not/exist", Args: []string{"x"}, Dir: "/", Stdout: os.Stdout, Stderr: os.Stderr})
	if err == nil || !strings.Contains(err.Error(), "starting /does/not/exist: no such file") {
		t.Errorf("error: %v", err)
	}
}
