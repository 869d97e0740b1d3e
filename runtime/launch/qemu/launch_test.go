//go:build linux

package qemu

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/launch"
)

// patience is far beyond what any step of these tests takes.
const patience = time.Minute

var debugRequest = launch.Request{Image: "image.eif", CPUs: 2, MemoryMiB: 256, Debug: true}

// launched starts the stand-ins, which end with the test.
func launched(t *testing.T, l *Launcher, r launch.Request) *enclave {
	t.Helper()
	e, err := l.Launch(bounded(t), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Terminate(ctx); err != nil {
			t.Error(err)
		}
		wantNothingLeft(t, l)
	})
	return e.(*enclave)
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func wantNothingLeft(t *testing.T, l *Launcher) {
	t.Helper()
	if left, err := os.ReadDir(l.TempDir); err != nil || len(left) != 0 {
		t.Errorf("left in the folder for sockets: %v, %v", left, err)
	}
}

func wantDone(t *testing.T, e launch.Enclave) {
	t.Helper()
	select {
	case <-e.Done():
	case <-time.After(patience):
		t.Fatal("the enclave has not ended")
	}
}

func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, want := range words {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in the error: %v", want, err)
		}
	}
}

func TestInfo(t *testing.T) {
	e := launched(t, newFakes(t, ""), debugRequest)
	i := e.Info()
	if !regexp.MustCompile("^i-0123456789abcdef0-enc[0-9a-f]{16}$").MatchString(i.ID) {
		t.Errorf("ID %q", i.ID)
	}
	if i.CID != 4 || i.CPUs != nil || i.CPUCount != 2 || i.MemoryMiB != 256 || !i.Debug || time.Since(i.Started).Abs() > patience {
		t.Errorf("%+v", i)
	}
	if info, err := os.Stat(e.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info, err)
	}
	if e.Err() != nil {
		t.Errorf("while it runs: %v", e.Err())
	}
}

// TestLaunchFails: in each case with the reason, and with nothing left behind.
func TestLaunchFails(t *testing.T) {
	for behaviour, words := range map[string][]string{
		qemuRefuses:  {"launching image.eif in QEMU", "qemu-system-x86_64: exit status 1", "EIF CRC mismatch"},
		qemuErrs:     {"query-status", "not today"},
		qemuIsPaused: {`"internal-error", not running`},
		deviceDies:   {"ended too early", "vhost-device-vsock: exit status 1", "no such group"},
		deviceQuits:  {"ended too early", "vhost-device-vsock: exit status 1", "invalid message"},
	} {
		t.Run(behaviour, func(t *testing.T) {
			before := countResources(t)
			l := newFakes(t, behaviour)
			_, err := l.Launch(bounded(t), debugRequest)
			wantError(t, err, words...)
			wantNothingLeft(t, l)
			before.wantBack(t)
		})
	}
}

// TestLaunchEndsWithItsContext at each point where it waits.
func TestLaunchEndsWithItsContext(t *testing.T) {
	for name, behaviour := range map[string]string{"before": "", "device's socket": deviceIsMute, "QEMU's monitor": qemuIsMute} {
		t.Run(name, func(t *testing.T) {
			before := countResources(t)
			l := newFakes(t, behaviour)
			ctx, cancel := context.WithCancel(t.Context())
			if behaviour == "" {
				cancel()
			}
			failed := make(chan error, 1)
			go func() {
				_, err := l.Launch(ctx, debugRequest)
				failed <- err
			}()
			if behaviour == qemuIsMute { // which is there once it has met the device
				waitFor(t, func() bool { return len(processesIn(t, l.TempDir)) == 2 })
			}
			if behaviour == deviceIsMute {
				waitFor(t, func() bool { return len(processesIn(t, l.TempDir)) == 1 })
			}
			cancel()
			select {
			case err := <-failed:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			case <-time.After(patience):
				t.Fatal("the launch goes on")
			}
			wantNothingLeft(t, l)
			if left := processesIn(t, l.TempDir); len(left) != 0 {
				t.Errorf("still running: %v", left)
			}
			before.wantBack(t)
		})
	}
}

// TestContextOfLaunch: its end has no effect on what was launched.
func TestContextOfLaunch(t *testing.T) {
	l := newFakes(t, guestIsUp)
	ctx, cancel := context.WithCancel(t.Context())
	e, err := l.Launch(ctx, debugRequest)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	now(t, l)
	if err := e.Booted(bounded(t)); err != nil {
		t.Error(err)
	}
	if err := e.Terminate(bounded(t)); err != nil || e.Err() != nil {
		t.Errorf("%v, %v", err, e.Err())
	}
}

func TestMissingPrograms(t *testing.T) {
	for _, remove := range []func(p Programs) string{
		func(p Programs) string { return p.QEMU }, func(p Programs) string { return p.Vsock },
	} {
		l := newFakes(t, "")
		if err := os.Remove(remove(l.Programs)); err != nil {
			t.Fatal(err)
		}
		_, err := l.Launch(bounded(t), debugRequest)
		wantError(t, err, "starting "+filepath.Base(remove(l.Programs)), "no such file")
		wantNothingLeft(t, l)
	}
}

func TestLongFolder(t *testing.T) {
	l := newFakes(t, "")
	l.TempDir = filepath.Join(l.TempDir, strings.Repeat("x", 100))
	if err := os.Mkdir(l.TempDir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := l.Launch(bounded(t), debugRequest)
	wantError(t, err, "bytes too long for the path of a unix socket")
	wantNothingLeft(t, l)
	l.TempDir = filepath.Join(l.TempDir, "none")
	if _, err := l.Launch(bounded(t), debugRequest); err == nil {
		t.Error("launched in a folder that is not there")
	}
}

// TestLongestFolder is as long as can be: the highest port still has room.
func TestLongestFolder(t *testing.T) {
	l := newFakes(t, "")
	l.TempDir = filepath.Join(l.TempDir, strings.Repeat("x", maxSocketPath-len(l.TempDir)-len("//enc0123456789abcdef/v_4294967295")))
	if err := os.Mkdir(l.TempDir, 0o700); err != nil {
		t.Fatal(err)
	}
	e := launched(t, l, debugRequest)
	listener, err := e.Link().Listen(t.Context(), 1<<32-1)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(e.path("v_4294967295")); n != maxSocketPath {
		t.Errorf("the longest path has %d bytes", n)
	}
	_ = listener.Close()
}

func TestRelativePaths(t *testing.T) {
	l := newFakes(t, "")
	t.Chdir(filepath.Dir(l.Programs.QEMU))
	temp, err := filepath.Rel(filepath.Dir(l.Programs.QEMU), l.TempDir)
	if err != nil {
		t.Fatal(err)
	}
	l.Programs, l.TempDir = ProgramsIn("."), temp
	e := launched(t, l, debugRequest)
	if i := slices.Index(e.qemu.cmd.Args, "-kernel"); !filepath.IsAbs(e.qemu.cmd.Args[i+1]) || !filepath.IsAbs(e.dir) {
		t.Errorf("%v in %s", e.qemu.cmd.Args, e.dir)
	}
}

// TestEnvironment: what is in the supervisor's stays there.
func TestEnvironment(t *testing.T) {
	t.Setenv("CHAMBER_SECRET", "x")
	e := launched(t, newFakes(t, ""), debugRequest)
	for _, p := range []*process{e.qemu, e.device} {
		data, err := os.ReadFile("/proc/" + itoa(p.cmd.Process.Pid) + "/environ")
		if want := "LC_ALL=C\x00TMPDIR=" + e.dir + "\x00"; err != nil || string(data) != want {
			t.Errorf("%s: %q, %v, want %q", p.name, data, err, want)
		}
	}
}

func TestNothingLeaks(t *testing.T) {
	before := countResources(t)
	l := newFakes(t, guestIsUp)
	now(t, l)
	for range 20 {
		e := launched(t, l, debugRequest)
		console, err := e.Console(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Booted(bounded(t)); err != nil {
			t.Fatal(err)
		}
		if err := e.Terminate(bounded(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(console); err != nil {
			t.Error(err)
		}
	}
	before.wantBack(t)
}

// resources are what a process must not lose bit by bit.
type resources struct{ goroutines, descriptors int }

func countResources(t *testing.T) resources {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return resources{runtime.NumGoroutine(), len(entries)}
}

func (r resources) wantBack(t *testing.T) {
	t.Helper()
	waitFor(t, func() bool {
		n := countResources(t)
		return n.goroutines <= r.goroutines && n.descriptors <= r.descriptors
	})
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for began := time.Now(); !condition(); time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatal("it does not come about")
		}
	}
}
