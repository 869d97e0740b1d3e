// Package enclavenode keeps a real node with real chambers for the demo: a node of
// package realnode, two releases of the chamber's image on it, and stand-ins for AWS, DNS
// and EKS's webhook for IAM roles.
//
// A node lives as long as the program that has started it. So that one outlives
// `make demo`, that program is a process of its own, the holder, which Start starts and
// Stop stops.
package enclavenode
