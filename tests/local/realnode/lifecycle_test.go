package realnode

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/debian"
)

// buildPrograms skips the test where no node can run.
func buildPrograms(t *testing.T) Programs {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts a node")
	}
	if err := available(runtime.GOOS, runtime.GOARCH, os.Geteuid()); err != nil {
		t.Skip(err)
	}
	programs, err := Build(t.Context(), os.Stderr)
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

func options(programs Programs) Options {
	return Options{Programs: programs, Slots: 2, EnclaveCPUs: 4, HugePages: 3, SeccompProfiles: map[string][]byte{"a/b.json": []byte("{}")}}
}

// lockMachine keeps other tests' nodes away as long as this test runs.
func lockMachine(t *testing.T) *os.File {
	t.Helper()
	lock, err := takeLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	return lock
}

// TestNothingIsLeft: the machine is as it was after a node that has been stopped, after
// one whose program was killed, and after one whose guard was killed, once another node
// has followed.
func TestNothingIsLeft(t *testing.T) {
	o := options(buildPrograms(t))
	lock := lockMachine(t)
	before := takeSnapshot(t)

	t.Run("killed program", func(t *testing.T) {
		cmd, guard := startGuarded(t, o, lock)
		during := takeSnapshot(t)
		if during.pages != before.pages+o.HugePages || len(during.groups) == 0 || len(during.processes) < 8 || len(during.folders) == 0 {
			t.Errorf("the snapshot does not see a node that runs: %+v", during)
		}
		if diff := cmp.Diff(before.settings, during.settings); diff != "" {
			t.Errorf("the kubelet has set something (-before +during):\n%s", diff)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		awaitEnd(t, guard)
		before.compare(t)
	})
	t.Run("killed guard", func(t *testing.T) {
		cmd, guard := startGuarded(t, o, lock)
		_ = syscall.Kill(guard, syscall.SIGKILL)
		awaitEnd(t, guard)
		if left := takeSnapshot(t); left.pages != before.pages+o.HugePages {
			t.Errorf("the guard was killed and there are %d pages: was it?", left.pages)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	n, err := start(t.Context(), o, lock)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := n.Kubectl(t.Context(), "get", "node", Name, "-o", "name"); err != nil || out != "node/"+Name+"\n" {
		t.Errorf("kubectl says %q, %v", out, err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	before.compare(t)
}

// TestRefused: root without the right to make namespaces is told so.
func TestRefused(t *testing.T) {
	o := options(buildPrograms(t))
	lock, err := os.Create(filepath.Join(t.TempDir(), "lock")) // nothing is changed: no turn to wait for
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	line := make(chan string)
	go func() {
		// The thread ends with this goroutine, and what it has given up with it.
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0); err != nil {
			line <- err.Error()
			return
		}
		cmd, said := startChild(t, o, lock)
		_ = cmd.Wait()
		line <- said
	}()
	if got := <-line; !strings.HasPrefix(got, "unavailable "+ErrUnavailable.Error()+": a mount namespace is refused") {
		t.Errorf("the program says: %s", got)
	}
}

func TestAvailable(t *testing.T) {
	for want, tc := range map[string]struct {
		system, architecture string
		user                 int
	}{
		"":                    {"linux", "amd64", 0},
		"it needs root":       {"linux", "amd64", 1000},
		"darwin on arm64":     {"darwin", "arm64", 0},
		"it needs Linux on x": {"linux", "arm64", 0},
	} {
		err := available(tc.system, tc.architecture, tc.user)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !errors.Is(err, ErrUnavailable)) {
			t.Errorf("%+v: %v, want %q", tc, err, want)
		}
	}
}

// TestOneAtATime: a second node waits, and gives up with its context.
func TestOneAtATime(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	lock, err := takeLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := takeLock(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), lockName) {
		t.Errorf("a second lock: %v", err)
	}
	_ = lock.Close()
	lock, err = takeLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = lock.Close()
}
