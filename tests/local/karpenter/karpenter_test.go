package karpenter

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// program writes a shell script that stands in for Karpenter.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "karpenter")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStartShowsWhyItFailed(t *testing.T) {
	dir := t.TempDir()
	_, err := Start(t.Context(), Options{Dir: dir, Binary: program(t, "echo no definitions; sleep 0.1; exit 1\n")})
	if err == nil || !strings.Contains(err.Error(), "it has ended:\nno definitions") {
		t.Errorf("error: %v", err)
	}
	if pid := At(dir).PID(); pid != 0 {
		t.Errorf("process %d still runs", pid)
	}
}

func TestStartAndStop(t *testing.T) {
	// The sixth argument is the ready file.
	opts := Options{
		Dir: t.TempDir(), Kubeconfig: "/a/kubeconfig", NodeOverlay: true,
		Binary: program(t, "echo \"$@\"; : > \"$6\"; exec sleep 600\n"),
	}
	k, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"-kubeconfig /a/kubeconfig", "-node-overlay=true", filepath.Join(k.Dir, typesFile)} {
		if !strings.Contains(k.Tail(1), part) {
			t.Errorf("no %q in the arguments %s", part, k.Tail(1))
		}
	}
	if _, err := Start(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "runs already") {
		t.Errorf("starting twice: %v", err)
	}
	if k.PID() == 0 {
		t.Fatal("the failed second start has ended the first")
	}
	if err := k.Stop(t.Context()); err != nil || k.PID() != 0 {
		t.Errorf("stopping: %v, process %d", err, k.PID())
	}
}

// TestListening: the check by which the next test sees that Karpenter listens
// nowhere sees this process when it does.
func TestListening(t *testing.T) {
	before := listening(t, os.Getpid())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if after := listening(t, os.Getpid()); len(after) != len(before)+1 {
		t.Errorf("listens at %q, and at %q before", after, before)
	}
}

// listening are the local addresses, as the kernel writes them, at which a process
// accepts TCP connections.
func listening(t *testing.T, pid int) (addresses []string) {
	t.Helper()
	own := sockets(t, pid)
	for _, file := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile(procPath(pid, "net", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n")[1:] {
			const local, state, inode = 1, 3, 9 // columns; see proc_net_tcp in Linux's documentation
			const listen = "0A"
			fields := strings.Fields(line)
			if len(fields) > inode && fields[state] == listen && own["socket:["+fields[inode]+"]"] {
				addresses = append(addresses, fields[local])
			}
		}
	}
	return addresses
}

func procPath(pid int, elements ...string) string {
	return filepath.Join(append([]string{"/proc", strconv.Itoa(pid)}, elements...)...)
}

// sockets are those among the open files of a process.
func sockets(t *testing.T, pid int) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(procPath(pid, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, entry := range entries {
		target, err := os.Readlink(procPath(pid, "fd", entry.Name()))
		if err == nil && strings.HasPrefix(target, "socket:") {
			found[target] = true
		}
	}
	return found
}
