package realnode

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// The roles in which the program starts itself.
const (
	guardRole = "real-node-guard"
	initRole  = "real-node-init"
	nodeRole  = "real-node"
)

// What the roles say on their standard output.
const (
	netnsLine = "netns "
	readyLine = "ready"
)

// Main turns this process into a part of a node when a node has started it, and then
// does not return. Programs that start nodes call it before anything else.
func Main() {
	if len(os.Args) != 3 {
		return
	}
	roles := map[string]func(dir string) error{guardRole: guard, initRole: reap, nodeRole: run}
	role, dir := roles[os.Args[1]], os.Args[2]
	if role == nil {
		return
	}
	// A process that is to die with its parent dies with the thread that started it.
	runtime.LockOSThread()
	err := role(dir)
	var status exitStatus
	switch {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &status):
		os.Exit(int(status))
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
	os.Exit(1)
}

// exitStatus is that of a process whose messages have been written.
type exitStatus int

// Error names the status.
func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }
