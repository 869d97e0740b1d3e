package pod

import "errors"

// ErrUnavailable says that this machine cannot run a container: it is no Linux, this is
// not root, or namespaces are refused.
var ErrUnavailable = errors.New("containers cannot be run here")

// Spec is what the container is made of. Paths in the container are absolute.
type Spec struct {
	// Args are the program, by its path in the container, and its arguments.
	Args []string
	// Env is all of the environment, as name=value.
	Env []string
	// Hostname is the pod's name.
	Hostname string
	// Mounts are files and folders of this machine.
	Mounts []Mount
	// Scratch are writable folders in memory.
	Scratch []Scratch
	// UID and GID are the user, Groups its other groups. The first of them owns Scratch,
	// as a pod's fsGroup does.
	UID, GID int
	Groups   []int
	// Addresses are IPv4 addresses that the loopback interface has besides 127.0.0.0/8.
	Addresses []string
}

// Mount is a file or folder of this machine in the container.
type Mount struct {
	Source, Path string
	// Writable lets the container write to it, as far as its permissions do.
	Writable bool
}

// Scratch is a folder like an emptyDir in memory.
type Scratch struct {
	Path string
	// Bytes is how much it holds.
	Bytes int64
}
