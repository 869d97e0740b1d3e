// Package e2e runs the examples with the real Pulumi engine against a real
// Kubernetes control plane: the local stack. AWS is a stand-in, and nodes are
// simulated from the user data that would run on them.
package e2e
