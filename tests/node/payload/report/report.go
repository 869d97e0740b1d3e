// Package report is what the payload says of its surroundings: the program prints it,
// the test reads it.
package report

// Report is what a process in the container may do. An empty error is success.
type Report struct {
	// UID, GID and Groups are those of the process.
	UID, GID int
	Groups   []int
	// Capabilities are the effective and the bounding set of the container's first
	// process, NoNewPrivs and Seccomp its state, as /proc/1/status has them.
	Capabilities, Bounding, NoNewPrivs, Seccomp string
	// Writes has the error of writing a file, by folder.
	Writes map[string]string
	// Config is the content of the configuration, or the error of reading it.
	Config string
	// Sockets has the error of socket(2), by address family.
	Sockets map[string]string
	// Unshare is the error of unshare(2) with a user namespace, Device that of opening
	// the enclave device.
	Unshare, Device string
}
