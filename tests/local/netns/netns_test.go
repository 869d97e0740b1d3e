package netns

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// fresh makes a namespace on a thread of its own, with what setup does there.
func fresh(t *testing.T, setup func() error) *Namespace {
	t.Helper()
	type made struct {
		namespace *Namespace
		err       error
	}
	done := make(chan made)
	go func() { // the thread ends with it
		runtime.LockOSThread()
		var m made
		if m.err = unix.Unshare(unix.CLONE_NEWNET); m.err == nil {
			m.err = setup()
		}
		if m.err == nil {
			m.namespace, m.err = Open("/proc/thread-self/ns/net")
		}
		done <- m
	}()
	m := <-done
	if errors.Is(m.err, os.ErrPermission) {
		t.Skip(m.err)
	}
	if m.err != nil {
		t.Fatal(m.err)
	}
	t.Cleanup(func() { _ = m.namespace.Close() })
	return m.namespace
}

// TestNamespace: what listens in a namespace is reached there, and not outside.
func TestNamespace(t *testing.T) {
	const address = "169.254.170.23"
	n := fresh(t, func() error {
		return errors.Join(Up("lo"), SetAddress("lo:1", netip.MustParsePrefix(address+"/32")))
	})
	l, err := n.Listen(t.Context(), "tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := n.Dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	other := fresh(t, func() error { return Up("lo") })
	if _, err := other.Dial(t.Context(), "tcp", l.Addr().String()); err == nil {
		t.Error("it is reached from another namespace")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Dial(ended, "tcp", l.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestDoComesBack: what is done inside sees that network, and the caller stays in its own.
func TestDoComesBack(t *testing.T) {
	own := current(t)
	n := fresh(t, func() error { return nil })
	for range 20 {
		var inside string
		err := n.Do(func() error {
			inside = current(t)
			return nil
		})
		if after := current(t); err != nil || inside == own || after != own {
			t.Fatalf("in %s, then in %s, of %s: %v", inside, after, own, err)
		}
	}
	// The same threads go on to do other things.
	var threads sync.WaitGroup
	for range 50 {
		threads.Go(func() {
			if got := current(t); got != own {
				t.Errorf("a thread was left in %s", got)
			}
		})
	}
	threads.Wait()
}

// current is the network of the calling thread.
func current(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Error(err)
	}
	return name
}

func TestOpenFails(t *testing.T) {
	if _, err := Open("/proc/0/ns/net"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
