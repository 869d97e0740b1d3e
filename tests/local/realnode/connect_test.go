package realnode

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestForwarder: bytes go both ways, also while the other end waits; when the forwarder
// ends, so do its connections.
func TestForwarder(t *testing.T) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	go func() {
		for {
			conn, err := target.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	f, err := newForwarder(new(net.Dialer).DialContext, target.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two"} {
		got := make([]byte, len(want))
		if _, err := io.WriteString(conn, want); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes after the end", n)
	}
}

// TestWithinComesBack: what runs in another network sees that one, and the thread is in
// its own again afterwards.
func TestWithinComesBack(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this test makes a network namespace, which needs root")
	}
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	other := otherNetwork(t)
	for range 20 {
		var inside string
		err := within(other, func() (err error) {
			inside, err = os.Readlink("/proc/thread-self/ns/net")
			return err
		})
		if after, _ := os.Readlink("/proc/thread-self/ns/net"); err != nil || inside == own || after != own {
			t.Fatalf("in %s, then in %s, of %s: %v", inside, after, own, err)
		}
	}
	if _, err := (&Node{netns: other}).Dial(t.Context(), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("there is nobody in the other network, and its loopback is down")
	}
	if now, _ := os.Readlink("/proc/self/ns/net"); now != own {
		t.Errorf("the program is in %s, of %s", now, own)
	}
}

// otherNetwork makes a namespace, which lives as long as the file is open.
func otherNetwork(t *testing.T) *os.File {
	t.Helper()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	var other *os.File
	if err := within(own, func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Skipf("a network namespace is refused: %v", err)
		}
		other, err = os.Open("/proc/thread-self/ns/net")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return other
}
