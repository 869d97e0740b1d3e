package pod

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/tests/local/netns"
)

// namespaces are all that a pod has for itself.
const namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

// lastOutput is how long the log is read on after the container's end.
const lastOutput = 10 * time.Second

// Pod is a running container.
type Pod struct {
	// Log is what it writes.
	Log *Log
	// Network is where it listens.
	Network *netns.Namespace
	// PID is its first process, as this machine counts.
	PID int

	spec Spec
	cmd  *exec.Cmd
	done chan struct{} // closed at its end
}

// Available says why this machine cannot run containers, or nil.
func Available() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: this is not root", ErrUnavailable)
	}
	if _, err := exec.LookPath("nsenter"); err != nil {
		return fmt.Errorf("%w: there is no nsenter (package util-linux)", ErrUnavailable)
	}
	return nil
}

// Start starts a container. root is an empty folder, prepare is called when the network is
// there and before the program is: who is to be reached by it listens from then on. The
// end of ctx does not end the container; the end of this program does.
func Start(ctx context.Context, s Spec, root string, prepare func(*netns.Namespace) error) (*Pod, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	p := &Pod{Log: &Log{}, spec: s, done: make(chan struct{})}
	orders, answer, err := p.begin()
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }()
	stop := context.AfterFunc(ctx, p.Kill)
	defer stop()
	if err := p.instruct(orders, answer, root, prepare); err != nil {
		p.Kill()
		<-p.done
		return nil, errors.Join(fmt.Errorf("starting a container: %w", err), ctx.Err())
	}
	return p, nil
}

// begin starts this program in its role.
func (p *Pod) begin() (orders, answer *os.File, err error) {
	theirOrders, orders, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	answer, theirAnswer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	p.cmd = exec.Command("/proc/self/exe", role) //nolint:noctx // see Kill
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.WaitDelay = p.Log, p.Log, lastOutput
	p.cmd.ExtraFiles = []*os.File{theirOrders, theirAnswer}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go p.live(started)
	err = <-started
	_ = theirOrders.Close()
	_ = theirAnswer.Close()
	if err != nil {
		_ = orders.Close()
		_ = answer.Close()
		if errors.Is(err, fs.ErrPermission) {
			return nil, nil, fmt.Errorf("%w: namespaces are refused: %w", ErrUnavailable, err)
		}
		return nil, nil, err
	}
	p.PID = p.cmd.Process.Pid
	return orders, answer, nil
}

// live keeps the thread that has started the container: the signal at its parent's death
// is one at the death of that thread.
func (p *Pod) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // its status is in ProcessState
		close(p.done)
	}
}

func (p *Pod) instruct(orders, answer *os.File, root string, prepare func(*netns.Namespace) error) error {
	defer func() { _ = orders.Close() }()
	if err := json.NewEncoder(orders).Encode(map[string]any{"Spec": p.spec, "Root": root}); err != nil {
		return err
	}
	said := bufio.NewReader(answer)
	line, err := said.ReadString('\n')
	if err == nil && line != prepared {
		err = errors.New(strings.TrimSpace(line))
	}
	if err != nil {
		return err
	}
	if p.Network, err = netns.Open(filepath.Join("/proc", fmt.Sprint(p.PID), "ns", "net")); err != nil {
		return err
	}
	if err := prepare(p.Network); err != nil {
		return errors.Join(err, p.Network.Close())
	}
	_ = orders.Close()
	// The program's start closes the other end.
	trouble, err := io.ReadAll(said)
	if err == nil && len(trouble) > 0 {
		err = errors.New(strings.TrimSpace(string(trouble)))
	}
	return err
}
