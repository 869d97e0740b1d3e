package uml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/child"
	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/uml/plan"
)

// ErrKilled is how a guest has ended that Kill has ended.
var ErrKilled = errors.New("the guest was killed")

// Guest is one that was started.
type Guest struct {
	process *child.Process
	killed  atomic.Bool
	asInit  bool
	dir     string
	// copied is closed when all of the command's output has been handed over.
	copied chan struct{}
	hangUp func()
}

// Start starts a guest, whose end is at the latest that of the context or the network.
// It fails when another one has the context ID.
func (n *Network) Start(ctx context.Context, cid uint32, o Options) (*Guest, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last := n.guests[cid]; last != nil && !last.ended() {
		return nil, fmt.Errorf("a guest with the context ID %d runs already", cid)
	}
	if _, err := os.Stat(n.socket(cid)); err != nil {
		return nil, fmt.Errorf("this network has no context ID %d: %w", cid, err)
	}
	g := &Guest{asInit: o.AsInit, copied: make(chan struct{}), hangUp: func() {}}
	if err := n.boot(ctx, g, cid, o); err != nil {
		g.hangUp()
		_ = os.RemoveAll(g.dir)
		return nil, fmt.Errorf("starting a guest with the context ID %d: %w", cid, err)
	}
	n.guests[cid] = g
	return g, nil
}

func (n *Network) boot(ctx context.Context, g *Guest, cid uint32, o Options) error {
	var err error
	if g.dir, err = os.MkdirTemp(n.dir, strconv.FormatUint(uint64(cid), 10)+"-"); err != nil {
		return err
	}
	if err := n.writeRamdisk(filepath.Join(g.dir, "initrd"), o); err != nil {
		return err
	}
	if err := n.collect(ctx, g, cid, o.Output); err != nil {
		return err
	}
	g.process, err = child.Start(ctx, child.Spec{
		Path: n.programs.Kernel, Dir: g.dir, Env: []string{"TMPDIR=" + n.memory}, Args: arguments(g.dir, n.socket(cid), o.MemoryMiB),
		Helpers: true, // one for each of the guest's processes
	})
	if err != nil {
		return err
	}
	go func() {
		<-g.process.Done()
		g.hangUp()
		_ = os.RemoveAll(g.dir)
	}()
	return nil
}

// collect takes the command's output.
func (n *Network) collect(ctx context.Context, g *Guest, cid uint32, to io.Writer) error {
	if to == nil {
		close(g.copied)
		return nil
	}
	listener, err := n.Link(cid).Listen(ctx, plan.OutputPort)
	if err != nil {
		close(g.copied)
		return err
	}
	ctx, g.hangUp = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(g.copied)
		stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
		conn, err := listener.Accept()
		stop()
		_ = listener.Close()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		_ = plan.Receive(to, conn) // that it was cut short is to be expected of a guest that is killed
	}()
	return nil
}

func (g *Guest) ended() bool {
	select {
	case <-g.process.Done():
		return true
	default:
		return false
	}
}

// Done is closed when the guest has ended.
func (g *Guest) Done() <-chan struct{} { return g.process.Done() }

// Console is what the guest has written to its console so far, and the kernel to its
// standard error.
func (g *Guest) Console() string { return strings.ReplaceAll(g.process.Output(), "\r\n", "\n") }

// Kill ends the guest at once, as the loss of a machine does, and waits for it.
func (g *Guest) Kill() {
	if !g.ended() {
		g.killed.Store(true)
	}
	g.process.Kill()
	<-g.copied
}

// Wait waits for the guest's end and its command's output. It fails with ErrKilled after
// Kill, and otherwise when the guest's kernel has failed and when its command has ended
// with a status other than zero.
func (g *Guest) Wait(ctx context.Context) error {
	select {
	case <-g.process.Done():
	case <-ctx.Done():
		return fmt.Errorf("the guest has not ended: %w", ctx.Err())
	}
	return g.Err()
}

// Err says how a guest has ended that Done tells has: see Wait.
func (g *Guest) Err() error {
	<-g.copied
	if g.killed.Load() {
		return ErrKilled
	}
	console := g.Console()
	if _, panicked, found := strings.Cut(console, "Kernel panic"); found {
		reason, _, _ := strings.Cut(panicked, "\n")
		return errors.New("the guest's kernel has failed" + reason)
	}
	if err := g.process.Failure(); err != nil {
		return err
	}
	return g.verdict(console)
}

func (g *Guest) verdict(console string) error {
	_, rest, found := strings.Cut(console, plan.StatusPrefix)
	status, _, _ := strings.Cut(rest, "\n")
	switch {
	case g.asInit && !found || status == "0":
		return nil
	case !found:
		return errors.New("the guest has ended without its command's status:\n" + console)
	}
	return fmt.Errorf("the guest's command has ended with status %s", status)
}
