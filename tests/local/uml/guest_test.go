package uml

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// TestGuests: what a guest writes and how it ends arrives, one after the other.
func TestGuests(t *testing.T) {
	ctx, n := newNetwork(t, 3)
	files := program(ctx, t)
	var out bytes.Buffer
	run := func(o Options) (*Guest, error) {
		t.Helper()
		o.Ramdisks, o.Env = files, []string{"A=b"}
		out.Reset()
		g, err := n.Start(ctx, 3, o)
		if err != nil {
			t.Fatal(err)
		}
		return g, g.Wait(ctx)
	}
	g, err := run(Options{Command: []string{"/program", "flood", "a b"}, Output: &out})
	if first, rest, _ := strings.Cut(out.String(), "\n"); err != nil || first != "args [flood a b] env [A=b] pid 1: false" || len(rest) != 1<<20 {
		t.Errorf("wrote %q and %d bytes, ended with %v\n%s", first, len(rest), err, g.Console())
	}
	g, err = run(Options{Command: []string{"/program", "fail"}})
	if err == nil || !strings.Contains(err.Error(), "status 3") || !strings.Contains(g.Console(), "args [fail] env [A=b] pid 1: false\n") {
		t.Errorf("ended with %v\n%s", err, g.Console())
	}
	_, err = run(Options{Command: []string{"/none"}})
	if err == nil || !strings.Contains(err.Error(), "status 1") {
		t.Errorf("without its command ended with %v", err)
	}
	g, err = run(Options{Command: []string{"/program", "fail"}, AsInit: true})
	if err == nil || !strings.Contains(err.Error(), "Attempted to kill init") || !strings.Contains(g.Console(), "args [fail] env [A=b] pid 1: true\n") {
		t.Errorf("an init that ends has ended with %v", err)
	}
}

// TestPlaces: a context ID is of one guest at a time.
func TestPlaces(t *testing.T) {
	ctx, n := newNetwork(t, 3)
	o := Options{Ramdisks: program(ctx, t), Command: []string{"/program", "sleep"}}
	if _, err := n.Start(ctx, 4, o); err == nil || !strings.Contains(err.Error(), "no context ID 4") {
		t.Errorf("a place that is not there: %v", err)
	}
	g, err := n.Start(ctx, 3, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Start(ctx, 3, o); err == nil || !strings.Contains(err.Error(), "runs already") {
		t.Errorf("a place that is taken: %v", err)
	}
	for begin := time.Now(); !strings.Contains(g.Console(), "args [sleep]"); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("the command has not started:\n%s", g.Console())
		}
	}
	g.Kill()
	if err := g.Wait(ctx); !errors.Is(err, ErrKilled) {
		t.Errorf("a guest that was killed: %v", err)
	}
	if _, err := os.Stat(g.dir); !os.IsNotExist(err) {
		// It is removed a moment after the end.
		time.Sleep(time.Second)
		if _, err := os.Stat(g.dir); !os.IsNotExist(err) {
			t.Errorf("a folder is left: %v", err)
		}
	}
	if _, err = n.Start(ctx, 3, o); err != nil { // it ends with the network
		t.Error(err)
	}
}

// TestPorts: the host reaches a TCP server in a guest, and half closes get through.
func TestPorts(t *testing.T) {
	ctx, n := newNetwork(t, 3)
	g, err := n.Start(ctx, 3, Options{Ramdisks: program(ctx, t), Command: []string{"/program", "echo"}, Ports: []uint16{8080}})
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); !strings.Contains(g.Console(), "listening"); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("the command does not listen:\n%s", g.Console())
		}
	}
	conn, err := n.Link(3).Dial(ctx, 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if _, err := n.Link(3).Dial(ctx, 8081); !errors.Is(err, transport.ErrPortClosed) {
		t.Errorf("a port that was not opened: %v", err)
	}
}

// starterVariable makes this program start a guest and wait to be killed.
const starterVariable = "UML_TEST_STARTER"

// TestEndsWithStarter: no process of a guest outlives the one that started it, however
// that ends.
func TestEndsWithStarter(t *testing.T) {
	if os.Getenv(starterVariable) != "" {
		ctx, n := newNetwork(t, 3)
		g, err := n.Start(ctx, 3, Options{Ramdisks: program(ctx, t), Command: []string{"/program", "sleep"}})
		if err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(g.Console(), "args [sleep]") {
			time.Sleep(10 * time.Millisecond)
		}
		_, _ = os.Stdout.WriteString(n.dir + "\n" + n.memory + "\n")
		<-ctx.Done()
	}
	if testing.Short() {
		t.Skip("-short: this test starts virtual machines")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEndsWithStarter$") //nolint:gosec // this program
	cmd.Env = append(os.Environ(), starterVariable+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4096)
	n, _ := out.Read(said)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	dirs := strings.Fields(string(said[:n]))
	if len(dirs) != 2 || !strings.HasPrefix(dirs[0], "/") {
		t.Skipf("the starter says %q", said[:n]) // User Mode Linux is not to be had
	}
	wantGone(t, dirs[0])
	for _, dir := range dirs {
		_ = os.RemoveAll(dir)
	}
}
