// Package pod runs one container as a node runs the chamber's: in namespaces of its own,
// with its program as their first process, a root file system that is read-only and has
// nothing but what it was given, no capability, and no user but its own. There is no
// kubelet and no container runtime: a test is ready in a moment, and sees from outside
// what goes over every socket.
//
// What it leaves out of a real node is the seccomp profile, cgroups and probes: those are
// tests/node's.
package pod
