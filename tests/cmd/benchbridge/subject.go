package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// subject is a way from a client to the server.
type subject struct {
	name          string
	network, addr string
	// group is the process group of what is between; for the bare connection, which
	// has nothing, it is the server's.
	group int
	// resting is how many descriptors the group has without connections.
	resting int
	// most is how many connections it is asked to hold.
	most int
}

// socatMost keeps socat, which has a process for each connection, from filling the
// machine's memory.
const socatMost = 1000

// start runs a command in a process group of its own, which ends with ctx.
func start(ctx context.Context, name string, args ...string) (*exec.Cmd, io.Reader, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	return cmd, out, nil
}

// role starts this program again in a role, and returns what it printed: its address.
func role(ctx context.Context, o options, name, addr string) (string, int, error) {
	self, err := os.Executable()
	if err != nil {
		return "", 0, err
	}
	cmd, out, err := start(ctx, self, "-role", name, "-back", o.back, "-addr", addr, "-folder", o.folder)
	if err != nil {
		return "", 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", 0, fmt.Errorf("the %s said nothing: %w", name, err)
	}
	return strings.TrimSpace(line), cmd.Process.Pid, nil
}

// subjects starts the server and all that can be between it and a client.
func subjects(ctx context.Context, o options) ([]subject, error) {
	bare, server, err := startServer(ctx, o)
	if err != nil {
		return nil, err
	}
	ours, pid, err := role(ctx, o, "bridge", server)
	if err != nil {
		return nil, err
	}
	all := []subject{bare, {name: "bridge", network: "tcp", addr: ours, group: pid, most: o.most}}
	socat, err := startSocat(ctx, bare)
	if err != nil {
		fmt.Printf("%11s  %-7s left out: %v\n", "", "socat", err)
	} else {
		all = append(all, socat)
	}
	for i := range all {
		all[i].resting = all[i].descriptors()
	}
	return all, nil
}

// startServer returns the connection without anything between, and the server's address.
// On AF_VSOCK the server is in another guest.
func startServer(ctx context.Context, o options) (subject, string, error) {
	bare := subject{name: "bare", network: o.back, group: -1, most: o.most}
	if o.back == "vsock" {
		return bare, "", untilListening(ctx, bare)
	}
	server, pid, err := role(ctx, o, "server", "")
	bare.addr, bare.group = server, pid
	if o.back == "hybrid" {
		bare.network, bare.addr = "unix", filepath.Join(o.folder, "plain")
	}
	return bare, server, err
}

// startSocat forwards to the server without the hybrid protocol, which it does not
// speak; that is a line less for it at the begin of each connection.
func startSocat(ctx context.Context, server subject) (subject, error) {
	path, err := exec.LookPath("socat")
	if err != nil {
		return subject{}, fmt.Errorf("not installed (package socat)")
	}
	addr, err := freeAddr(ctx)
	if err != nil {
		return subject{}, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return subject{}, err
	}
	to := "TCP:" + server.addr
	switch server.network {
	case "unix":
		to = "UNIX-CONNECT:" + server.addr
	case "vsock":
		to = fmt.Sprintf("VSOCK-CONNECT:%d:%d", enclaveCID, guestPort)
	}
	// Without -t it gives an answer half a second once the question has ended.
	cmd, _, err := start(ctx, path, "-t", "60", "TCP-LISTEN:"+port+",bind=127.0.0.1,reuseaddr,fork,backlog=4096", to)
	if err != nil {
		return subject{}, err
	}
	s := subject{name: "socat", network: "tcp", addr: addr, group: cmd.Process.Pid, most: socatMost}
	return s, untilListening(ctx, s)
}

func freeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func untilListening(ctx context.Context, s subject) error {
	for range 500 {
		if c, err := s.dial(ctx); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s does not listen on %s", s.name, s.addr)
}

// dial also waits for the server's queue: connect to a unix socket fails with EAGAIN
// when it is full.
func (s subject) dial(ctx context.Context) (net.Conn, error) {
	if s.network == "vsock" {
		return (&transport.VSock{Peer: enclaveCID}).Dial(ctx, guestPort)
	}
	for {
		var d net.Dialer
		c, err := d.DialContext(ctx, s.network, s.addr)
		if !errors.Is(err, syscall.EAGAIN) || ctx.Err() != nil {
			return c, err
		}
		time.Sleep(time.Millisecond)
	}
}
