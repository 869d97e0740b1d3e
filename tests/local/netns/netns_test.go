package netns

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"runtime"
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

func TestOpenFails(t *testing.T) {
	if _, err := Open("/proc/0/ns/net"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
