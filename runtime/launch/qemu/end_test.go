//go:build linux

package qemu

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

func itoa(n int) string { return strconv.Itoa(n) }

// processesIn are the stand-ins whose working folder is below dir.
func processesIn(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		// Processes come and go meanwhile, and one that is about to be a stand-in has
		// its folder already.
		cwd, _ := os.Readlink(link)
		args, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
		if strings.HasPrefix(cwd, dir+"/") && !bytes.Contains(args, []byte("-test.")) {
			found = append(found, link)
		}
	}
	return found
}

func TestQEMUEndsWell(t *testing.T) {
	l := newFakes(t, qemuEnds)
	e := launched(t, l, debugRequest)
	now(t, l)
	wantDone(t, e)
	if e.Err() != nil {
		t.Error(e.Err())
	}
	wantError(t, e.Booted(bounded(t)), "ended without a sign of life", "its init has ended")
	wantNothingLeft(t, l)
}

// TestQEMUFails: the console is in the error then, without what moves a cursor.
func TestQEMUFails(t *testing.T) {
	l := newFakes(t, qemuFails)
	e := launched(t, l, launch.Request{Image: "image.eif", CPUs: 1, MemoryMiB: 64})
	now(t, l)
	wantDone(t, e)
	wantError(t, e.Err(), "qemu-system-x86_64: exit status 1\nstand-in: KVM: entry failed\nthe console's last lines:\nLinux version 6[2J of the stand-in\nKernel panic")
	wantError(t, e.Booted(bounded(t)), "ended without a sign of life", "KVM: entry failed")
	if err := e.Terminate(bounded(t)); err != nil {
		t.Error(err)
	}
	wantError(t, e.Err(), "exit status 1")
}

func TestQEMUIsKilled(t *testing.T) {
	e := launched(t, newFakes(t, ""), debugRequest)
	if err := syscall.Kill(e.qemu.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wantDone(t, e)
	wantError(t, e.Err(), "qemu-system-x86_64: signal: killed")
}

// TestDeviceDies: nobody is told of the console for that.
func TestDeviceDies(t *testing.T) {
	l := newFakes(t, deviceDiesLate)
	e := launched(t, l, debugRequest)
	now(t, l)
	wantDone(t, e)
	wantError(t, e.Err(), "the enclave has lost its vsock device", "vhost-device-vsock: exit status 1", "invalid message")
	if strings.Contains(e.Err().Error(), "Linux") {
		t.Errorf("the console is in %v", e.Err())
	}
	if left := processesIn(t, l.TempDir); len(left) != 0 {
		t.Errorf("still running: %v", left)
	}
}

func TestTerminate(t *testing.T) {
	l := newFakes(t, "")
	e := launched(t, l, debugRequest)
	ended := make(chan error, 3)
	for range cap(ended) {
		go func() { ended <- e.Terminate(bounded(t)) }()
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	wantDone(t, e)
	if e.Err() != nil {
		t.Error(e.Err())
	}
	wantNothingLeft(t, l)
	if left := processesIn(t, l.TempDir); len(left) != 0 {
		t.Errorf("still running: %v", left)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Terminate(cancelled); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

// TestTerminateEndsWithItsContext: the enclave ends all the same.
func TestTerminateEndsWithItsContext(t *testing.T) {
	e := launched(t, newFakes(t, ""), debugRequest)
	e.qemu.mu.Lock() // its killer waits
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Terminate(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	e.qemu.mu.Unlock()
	wantDone(t, e)
}

// TestGroup: what QEMU has started ends with it, whichever way it ends.
func TestGroup(t *testing.T) {
	for name, end := range map[string]func(e *enclave) error{
		"terminated":    func(e *enclave) error { return e.Terminate(context.Background()) },
		"QEMU's killed": func(e *enclave) error { return syscall.Kill(e.qemu.cmd.Process.Pid, syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newFakes(t, qemuHasChild)
			e := launched(t, l, debugRequest)
			var pid string
			waitFor(t, func() bool {
				data, _ := os.ReadFile(filepath.Join(filepath.Dir(l.Programs.QEMU), "pid"))
				pid = string(data)
				return pid != ""
			})
			if err := end(e); err != nil {
				t.Fatal(err)
			}
			wantDone(t, e)
			waitFor(t, func() bool {
				// Nobody may have collected its status, so it may be there as a zombie.
				stat, err := os.ReadFile("/proc/" + pid + "/stat")
				return err != nil || strings.Contains(string(stat), ") Z ")
			})
		})
	}
}

// TestParentIsKilled: the programs end with the process that has launched them.
func TestParentIsKilled(t *testing.T) {
	l := newFakes(t, "")
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(l.Programs.QEMU), "supervisor"), l.TempDir) //nolint:gosec // this binary
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "launched\n" {
		t.Fatalf("read %q, %v", line, err)
	}
	if n := len(processesIn(t, l.TempDir)); n != 2 {
		t.Errorf("%d programs run", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	waitFor(t, func() bool { return len(processesIn(t, l.TempDir)) == 0 })
}

func TestFolderThatStays(t *testing.T) {
	l := newFakes(t, "")
	e, err := l.Launch(bounded(t), debugRequest)
	if err != nil {
		t.Fatal(err)
	}
	// A folder that is somebody's mount point or the like cannot be removed.
	e.(*enclave).dir = filepath.Join(e.(*enclave).dir, ".") + "/."
	wantError(t, e.Terminate(bounded(t)), "removing the folder of "+e.Info().ID)
	if e.Err() != nil {
		t.Error(e.Err())
	}
}
