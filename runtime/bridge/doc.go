// Package bridge forwards connections between a listener and what a function dials,
// byte for byte: TCP to vsock at the parent, vsock to TCP in the enclave, and back.
// It reads nothing of what passes.
//
//	b := &bridge.Bridge{
//		Name: "api",
//		Dial: func(ctx context.Context) (net.Conn, error) { return link.Dial(ctx, 9000) },
//	}
//	err := b.Serve(enclaveContext, listener)
//
// # How a connection ends
//
// When one side ends its direction, the other sees that end at once, and may go on
// sending: both directions end by themselves. Where the end is none that the sender
// meant (a broken side, silence, a cut) both sides are closed at once, and a TCP side
// is reset, so that nobody takes half of an answer for the whole. Over vsock and unix
// sockets there is no reset; a reader sees EOF and has to know lengths, as HTTP does.
//
// The ctx of Serve should end when the enclave does. Nothing else may tell: a
// connection to an enclave that died can stay open without any error.
//
// # How much it takes
//
// A connection has two goroutines, a timer and two descriptors. It holds a buffer in
// a direction only while bytes are under way there: 16 KiB, and 256 KiB in a stream
// that fills those. A reader that is too slow makes the bridge stop reading, and so
// its sender wait; no more than one buffer for each direction is ever held.
//
// # No splice
//
// Linux can move bytes between sockets by splice(2) without showing them to the
// process. Measured: from TCP to TCP it gains nothing here (loopback, Linux 6.18, two
// CPUs; 1.0 times the throughput of buffers). Between TCP and vsock it works, but vsock
// has no pages to give away, and it moved half of what buffers of 256 KiB do (loopback
// in User Mode Linux 6.1). Between TCP and unix sockets it gains half as much again,
// and that pair exists in emulation only. It costs a pipe for each direction, which
// are four more descriptors for a connection. So there is none.
package bridge
