package process

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec is a process to start.
type Spec struct {
	// Path is the program's file; Args has its name as the first argument.
	Path string
	Args []string
	// Env has NAME=value lines, and nothing is added.
	Env []string
	// Dir is the working directory.
	Dir string
	// User is who it runs as, without supplementary groups. Nil means as this process.
	User *User
	// Stdout and Stderr are handed over; the caller closes them. Standard input is
	// empty.
	Stdout, Stderr *os.File
}

// Start starts a process that cannot gain privileges (no_new_privs): neither set-uid
// programs nor file capabilities in the image give it any.
func (r *Reaper) Start(spec Spec) (*Child, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("opening an empty standard input: %w", err)
	}
	defer func() { _ = null.Close() }()
	attr := &syscall.ProcAttr{
		Dir: spec.Dir, Env: spec.Env,
		Files: []uintptr{null.Fd(), spec.Stdout.Fd(), spec.Stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	if spec.User != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: spec.User.UID, Gid: spec.User.GID}
	}
	// Not reaped before it is in the table.
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := forkWithoutPrivileges(spec.Path, spec.Args, attr)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Path, err)
	}
	child := &Child{PID: pid, Started: time.Now(), reaper: r, done: make(chan struct{})}
	r.children[pid] = child
	return child, nil
}

// forkWithoutPrivileges forks from a thread that has no_new_privs, which a child
// inherits. There is no way back from it, so the thread ends with its goroutine.
func forkWithoutPrivileges(path string, args []string, attr *syscall.ProcAttr) (pid int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			err = fmt.Errorf("setting no_new_privs: %w", err)
			return
		}
		pid, err = syscall.ForkExec(path, args, attr)
	}()
	<-done
	return pid, err
}
