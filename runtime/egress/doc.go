// Package egress decides where an enclave may connect to, and gets it there.
//
// Three things belong together. A [List] says which host:port pairs are allowed; the
// guest enforces it from the measured image, and the parent again. A [Dialer] at the
// parent resolves a name for each connection and dials it. A [Plan] gives each allowed
// host an address of its own inside of the guest, where a listener waits for the
// payload; TLS stays between the payload and the endpoint.
package egress
