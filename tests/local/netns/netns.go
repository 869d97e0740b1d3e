// Package netns reaches into network namespaces from a program outside of them, and makes
// the interfaces of new ones. It needs root.
package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace. It stays as long as it is open.
type Namespace struct{ file *os.File }

// Open opens a namespace by its path, such as /proc/1/ns/net.
func Open(path string) (*Namespace, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the network namespace: %w", err)
	}
	return &Namespace{file}, nil
}

// Close lets the namespace go. Connections that were made in it stay.
func (n *Namespace) Close() error { return n.file.Close() }

// Do does something on a thread that is in the namespace meanwhile. A socket stays where
// it was made, and a process where it was started.
func (n *Namespace) Do(what func() error) error {
	done := make(chan error, 1)
	go func() { done <- n.do(what) }() // alone on its thread
	return <-done
}

func (n *Namespace) do(what func() error) error {
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = own.Close() }()
	if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering the network namespace: %w", err)
	}
	err = what()
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		// The thread stays locked, and so ends with the goroutine.
		return errors.Join(err, fmt.Errorf("leaving the network namespace: %w", back))
	}
	runtime.UnlockOSThread()
	return err
}

// Dial connects from inside. The address is a number: a name would be looked up elsewhere.
func (n *Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.Do(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens inside, on an address that is a number.
func (n *Namespace) Listen(ctx context.Context, network, address string) (l net.Listener, err error) {
	err = n.Do(func() (err error) {
		var config net.ListenConfig
		l, err = config.Listen(ctx, network, address)
		return err
	})
	return l, err
}
