//go:build linux

package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport/transporttest"
)

// Behaviours of the stand-ins, which a file beside them names. Any other is good.
const (
	qemuRefuses    = "qemu refuses the image"
	qemuIsMute     = "qemu never answers its monitor"
	qemuErrs       = "qemu answers with an error"
	qemuIsPaused   = "qemu does not run the machine"
	qemuEnds       = "qemu ends well"
	qemuFails      = "qemu fails after the launch"
	qemuHasChild   = "qemu has a child"
	deviceDies     = "the device dies at once"
	deviceIsMute   = "the device makes no socket"
	deviceDiesLate = "the device dies after the launch"
	deviceQuits    = "the device quits when it meets qemu"
	guestIsUp      = "the guest serves its control port"
	guestIsQuiet   = "the guest serves its control port, and says nothing"
	guestBeats     = "the guest sends a heartbeat"
	guestMutters   = "the guest sends another byte, and later a heartbeat"
)

// endFile in the folder of the stand-ins tells them to do what their behaviour says.
const endFile = "now"

// TestMain lets this binary be the programs: by their names it behaves as they do.
func TestMain(m *testing.M) {
	folder := filepath.Dir(os.Args[0])
	data, _ := os.ReadFile(filepath.Join(folder, "behaviour"))
	s := standIn{folder, string(data)}
	switch filepath.Base(os.Args[0]) {
	case "qemu-system-x86_64":
		s.check(s.qemu())
	case "vhost-device-vsock":
		s.check(s.device())
	case "child":
		s.check(s.stay())
	case "supervisor":
		s.check(s.supervisor())
	default:
		os.Exit(m.Run())
	}
}

// standIn is one of the two programs.
type standIn struct{ folder, behaviour string }

func (s standIn) check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// stay ends like a program that nobody ends.
func (s standIn) stay() error {
	time.Sleep(10 * time.Minute)
	return nil
}

// await waits until the test says so.
func (s standIn) await() {
	for {
		if _, err := os.Stat(filepath.Join(s.folder, endFile)); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func argument(flag string) string {
	i := slices.Index(os.Args, flag)
	return os.Args[i+1]
}

func (s standIn) qemu() error {
	if s.behaviour == qemuRefuses {
		return fmt.Errorf("EIF CRC mismatch")
	}
	fmt.Println("Linux version 6\x1b[2J of the stand-in")
	path, _ := strings.CutPrefix(argument("-chardev"), "socket,id=c,path=")
	device, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer func() { _ = device.Close() }()
	if s.behaviour == qemuIsMute || s.behaviour == deviceQuits {
		return s.stay()
	}
	if err := s.monitor(); err != nil {
		return err
	}
	switch s.behaviour {
	case qemuEnds:
		s.await()
		return nil
	case qemuFails:
		s.await()
		fmt.Println("Kernel panic")
		return fmt.Errorf("KVM: entry failed")
	case guestIsUp:
		s.await()
		fmt.Println("level=INFO msg=\"" + contract.GuestWaiting + "\"")
	case qemuHasChild:
		if err := s.child(); err != nil {
			return err
		}
	}
	return s.stay()
}

// monitor answers as QEMU does: with a greeting, with events between.
func (s standIn) monitor() error {
	conn, err := net.FileConn(os.NewFile(monitorFile, "monitor"))
	if err != nil {
		return err
	}
	fmt.Fprintln(conn, `{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}}, "capabilities": ["oob"]}}`)
	answers := map[string]string{"qmp_capabilities": `{"return": {}}`, "query-status": `{"return": {"status": "running", "running": true}}`}
	switch s.behaviour {
	case qemuErrs:
		answers["query-status"] = `{"error": {"class": "GenericError", "desc": "not today"}}`
	case qemuIsPaused:
		answers["query-status"] = `{"return": {"status": "internal-error", "running": false}}`
	}
	lines := bufio.NewScanner(conn)
	for range answers {
		var command struct{ Execute string }
		if !lines.Scan() {
			return fmt.Errorf("the monitor ends: %w", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &command); err != nil {
			return err
		}
		fmt.Fprintln(conn, `{"event": "RESUME", "timestamp": {"seconds": 1, "microseconds": 1}}`)
		fmt.Fprintln(conn, answers[command.Execute])
	}
	return nil
}

// supervisor launches the other two in the folder that its argument names.
func (s standIn) supervisor() error {
	l := &Launcher{Programs: ProgramsIn(s.folder), TempDir: os.Args[1]}
	if _, err := l.Launch(context.Background(), debugRequest); err != nil {
		return err
	}
	fmt.Println("launched")
	return s.stay()
}

// child starts a program that outlives this one, and writes its id.
func (s standIn) child() error {
	cmd := exec.Command(filepath.Join(s.folder, "child"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.folder, "pid"), fmt.Append(nil, cmd.Process.Pid), 0o600)
}

func (s standIn) device() error {
	switch s.behaviour {
	case deviceDies:
		return fmt.Errorf("no such group")
	case deviceIsMute:
		return s.stay()
	}
	ctx := context.Background()
	device, err := transporttest.New(ctx, argument("--uds-path"))
	if err != nil {
		return err
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "unix", argument("--socket"))
	if err != nil {
		return err
	}
	conn, err := socket.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	switch s.behaviour {
	case deviceQuits:
		return fmt.Errorf("invalid message")
	case deviceDiesLate:
		s.await()
		return fmt.Errorf("invalid message")
	case guestIsUp, guestIsQuiet:
		s.await()
		if _, err := device.Guest().Listen(ctx, contract.PortControl); err != nil {
			return err
		}
	case guestBeats:
		s.await()
		if err := beat(ctx, device.Guest(), contract.HeartbeatByte, true); err != nil {
			return err
		}
	case guestMutters:
		if err := beat(ctx, device.Guest(), 1, false); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.folder, "muttered"), nil, 0o600); err != nil {
			return err
		}
		s.await()
		if err := beat(ctx, device.Guest(), contract.HeartbeatByte, true); err != nil {
			return err
		}
	}
	return s.stay()
}

// beat sends a byte as AWS's init does, and wants it back, or else the end.
func beat(ctx context.Context, guest transport.Link, b byte, back bool) error {
	conn, err := guest.Dial(ctx, contract.PortHeartbeat)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	answer := []byte{b}
	if _, err := conn.Write(answer); err != nil {
		return err
	}
	n, _ := conn.Read(answer)
	if (n == 1) != back || answer[0] != b {
		return fmt.Errorf("the heartbeat came back as %x", answer[:n])
	}
	return nil
}

// newFakes returns a launcher of stand-ins with the behaviour.
func newFakes(t *testing.T, behaviour string) *Launcher {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p := ProgramsIn(folder)
	for _, path := range []string{p.QEMU, p.Vsock, filepath.Join(folder, "child"), filepath.Join(folder, "supervisor")} {
		if err := os.Symlink(self, path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(p.Firmware, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range ROMs() {
		write(t, filepath.Join(p.Firmware, name), "")
	}
	write(t, filepath.Join(folder, "behaviour"), behaviour)
	return &Launcher{Programs: p, TempDir: shortDir(t)}
}

// shortDir is a folder whose sockets have short paths, whatever the test is called.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "q") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// now tells the stand-ins to do what their behaviour says.
func now(t *testing.T, l *Launcher) {
	t.Helper()
	write(t, filepath.Join(filepath.Dir(l.Programs.QEMU), endFile), "")
}
