package realnode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockFD is the lock file in the guard: the first after the standard ones.
const lockFD = 3

// guard changes the machine, starts the node's first process, and undoes both when the
// program that started it closes its input or is gone, or when the node has ended.
func guard(dir string) (err error) {
	options, err := readOptions(dir)
	if err != nil {
		return err
	}
	parent := os.Getppid()
	syscall.CloseOnExec(lockFD)
	m := &machine{memory: os.NewFile(lockFD, "lock"), dir: dir}
	if err := m.restore(); err != nil { // what a guard that was killed has left
		return err
	}
	defer func() {
		err = errors.Join(err, m.restore())
		if os.Getppid() != parent { // nobody is left to remove it
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := m.prepare(options); err != nil {
		return err
	}
	return supervise(dir)
}

// namespaces are all that a node needs for itself, but users.
const namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

// supervise runs the node until it ends or nobody wants it anymore. When it returns no
// process of the node is left: the kernel ends them all with the first one.
func supervise(dir string) error {
	first := exec.Command("/proc/self/exe", initRole, dir) //nolint:gosec,noctx // this program; ended below
	first.Stdout, first.Stderr = os.Stdout, os.Stderr
	first.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	if err := first.Start(); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w: namespaces are refused: %w", ErrUnavailable, err)
		}
		return fmt.Errorf("starting the node's first process: %w", err)
	}
	fmt.Printf("%s/proc/%d/ns/net\n", netnsLine, first.Process.Pid)

	unwanted := make(chan os.Signal, 1)
	signal.Notify(unwanted, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the other end is closed
		unwanted <- syscall.SIGTERM
	}()
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	select {
	case err := <-ended:
		return errors.Join(errors.New("the node has ended by itself"), err)
	case <-unwanted:
		_ = first.Process.Kill()
		<-ended
		return nil
	}
}

// reap is the first process of the node: it starts the one that does the work, and
// collects processes that have lost their parent, until that one ends.
func reap(dir string) error {
	work := exec.Command("/proc/self/exe", nodeRole, dir) //nolint:gosec,noctx // ends with this process
	work.Stdout, work.Stderr = os.Stdout, os.Stderr
	if err := work.Start(); err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return err
		case pid == work.Process.Pid:
			return exitStatus(max(1, status.ExitStatus()))
		}
	}
}

func readOptions(dir string) (options Options, err error) {
	for _, hidden := range hiddenFolders {
		if strings.HasPrefix(dir, hidden+"/") {
			return options, fmt.Errorf("the node's folder %s is below %s, which the node has for itself: set TMPDIR to another", dir, hidden)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		return options, err
	}
	return options, json.Unmarshal(data, &options)
}
