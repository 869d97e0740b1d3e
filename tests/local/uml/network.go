package uml

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/transport"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/device"
)

// maxSocketPath is the longest path of a unix socket (sun_path of unix(7), without the
// zero byte at its end).
const maxSocketPath = 107

// Network is what guests reach each other by. It has a place for each of its context
// IDs, which one guest after the other can take.
type Network struct {
	programs Programs
	// dir has the sockets, memory what is the guests' memory.
	dir, memory string
	initProgram []byte
	device      device.Switch
	cancel      context.CancelFunc
	serving     sync.WaitGroup

	mu      sync.Mutex
	trouble []error
	guests  map[uint32]*Guest // the last of each context ID
}

// NewNetwork starts a network for guests with these context IDs. The end of the context
// is that of the network and of its guests. Close waits for it.
func NewNetwork(ctx context.Context, programs Programs, cids ...uint32) (*Network, error) {
	ctx, cancel := context.WithCancel(ctx)
	n := &Network{programs: programs, cancel: cancel, guests: map[uint32]*Guest{}}
	if err := n.start(ctx, cids); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Network) start(ctx context.Context, cids []uint32) (err error) {
	if n.dir, err = socketFolder(); err != nil {
		return err
	}
	if n.memory, err = memoryFolder(); err != nil {
		return err
	}
	if n.initProgram, err = BuildProgram(ctx, "./local/uml/init"); err != nil {
		return err
	}
	for _, cid := range cids {
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: n.socket(cid), Net: "unix"})
		if err != nil {
			return err
		}
		n.serving.Go(func() { n.note(n.device.Serve(ctx, listener, cid)) })
	}
	return nil
}

func (n *Network) note(err error) {
	if err == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.trouble = append(n.trouble, err)
}

// socket is where the driver of a guest finds its device.
func (n *Network) socket(cid uint32) string { return socketPath(n.dir, cid) }

func socketPath(dir string, cid uint32) string {
	return filepath.Join(dir, strconv.FormatUint(uint64(cid), 10))
}

// socketFolder makes a folder with a path that leaves room for the sockets.
func socketFolder() (string, error) {
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "uml-")
		if err != nil {
			return "", fmt.Errorf("making a folder for the guests' sockets: %w", err)
		}
		if len(socketPath(dir, 1<<32-1)) <= maxSocketPath {
			return dir, nil
		}
		_ = os.Remove(dir)
	}
	return "", errors.New("no folder for the guests' sockets: their paths would be too long")
}

// Link is the way from this process to a guest, and from the guest to this process,
// which is its context 2.
func (n *Network) Link(cid uint32) transport.Link { return n.device.Link(cid) }

// Trouble is what went wrong with the guests' devices.
func (n *Network) Trouble() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(append(n.device.Trouble(), n.trouble...)...)
}

// Close ends all guests and the network, and removes its folders.
func (n *Network) Close() error {
	n.cancel()
	for _, g := range n.all() {
		g.Kill()
	}
	n.serving.Wait()
	var errs []error
	for _, dir := range []string{n.dir, n.memory} {
		if dir != "" {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
}

func (n *Network) all() []*Guest {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*Guest
	for _, g := range n.guests {
		list = append(list, g)
	}
	return list
}
