// Package supervisor is PID 1 of the chamber's container: it starts the enclave, gives it
// what it needs, forwards its traffic, watches it, and ends it in good order.
// docs/supervisor.md describes it for people.
//
// One Supervisor lives once and has one enclave. When that ends, so does the supervisor,
// and kubelet starts the container again: a restart in here would hide from Kubernetes
// what it is there to see.
package supervisor
