// Package transport connects the two sides of an enclave, its parent and itself,
// over one of two transports that look alike: AF_VSOCK on real instances and
// between virtual machines ([VSock]), and unix sockets that a virtual machine
// monitor joins to its guest's vsock ([Hybrid]).
//
// # Peers
//
// A [Link] is the way to one peer. It dials that peer's ports, and its listeners
// accept connections of that peer only. That matters on a parent instance: AF_VSOCK
// is not namespaced, so every pod and every enclave of a node can connect to a port
// that a supervisor binds there. A connection of anybody else is closed before a
// byte of it is read, counted and logged.
//
// A CID says which machine a peer is, and not which program: inside of a machine
// everybody may use its CID. What must not be trusted to that needs a secret or TLS.
//
// # Errors
//
// What fails is a [net.OpError], as with package net. A failed dial says by one of
// [ErrPortClosed], [ErrNoPeer], [ErrPeerSilent] and [ErrUnsupported] what happened,
// for the system's own errors are surprising here: Linux answers ECONNRESET for a
// port on which nobody listens. The end of a stream is [io.EOF], and a connection
// that was closed on this side gives [net.ErrClosed].
//
// # What a kernel does not tell
//
// When an enclave dies, connections to it may stay open without any error: over
// virtio, a read of such a connection was seen to block until its deadline. Whoever
// starts an enclave has to close its connections when it ends.
package transport
