// Package transporttest joins the two ends of a hybrid socket inside of a process:
// it is the vsock device of a guest that does not exist. Tests of both sides of the
// runtime meet over it without a virtual machine.
package transporttest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
)

// Device is the monitor's half of the protocol of [transport.Hybrid], and the guest
// behind it.
type Device struct {
	path   string
	socket net.Listener

	mu    sync.Mutex
	ports map[uint32]*guestListener
}

// New makes a device whose socket is at path. Close ends it.
func New(ctx context.Context, path string) (*Device, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	d := &Device{path: path, socket: l, ports: map[uint32]*guestListener{}}
	go d.accept()
	return d, nil
}

// Host is the link of the host's side.
func (d *Device) Host() *transport.Hybrid { return &transport.Hybrid{Path: d.path} }

// Guest is the link of the guest's side.
func (d *Device) Guest() transport.Link { return guest{d} }

// Close removes the device and all ports that the guest listens on. Connections
// stay, as they do when a real guest dies.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.ports {
		l.end()
	}
	clear(d.ports)
	return d.socket.Close()
}

func (d *Device) accept() {
	for {
		c, err := d.socket.Accept()
		if err != nil {
			return
		}
		go d.join(c)
	}
}

// join hands a connection of the host to the guest's listener, or closes it as the
// monitor does when the guest resets it.
func (d *Device) join(c net.Conn) {
	var port uint32
	if _, err := fmt.Sscanf(readLine(c), "CONNECT %d", &port); err != nil {
		_ = c.Close()
		return
	}
	d.mu.Lock()
	l := d.ports[port]
	d.mu.Unlock()
	if l == nil {
		_ = c.Close()
		return
	}
	if _, err := fmt.Fprintf(c, "OK %d\n", 1<<30); err != nil || !l.put(c) {
		_ = c.Close()
	}
}

// readLine reads no further than the line: what follows is the guest's.
func readLine(r io.Reader) string {
	line, _ := bufio.NewReaderSize(oneByte{io.LimitReader(r, 32)}, 16).ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

// oneByte keeps a buffered reader from reading ahead.
type oneByte struct{ io.Reader }

func (r oneByte) Read(b []byte) (int, error) { return r.Reader.Read(b[:min(1, len(b))]) }
