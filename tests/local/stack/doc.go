// Package stack is the local stack: everything that the real Pulumi engine needs
// to run this repository's examples on one machine, without AWS.
//
// A stack is a real Kubernetes control plane (package controlplane), a node
// simulator (package nodes), an account of the AWS stand-in that has a cluster
// already, and a Pulumi backend in a folder. Everything is below one folder, on
// the loopback interface and on ports of its own, so that tests may run several
// side by side.
package stack
