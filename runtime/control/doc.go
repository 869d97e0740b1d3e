// Package control is the channel between the supervisor in the pod and the guest in
// the enclave: HTTP over vsock, the guest being the server. docs/control-protocol.md
// describes it for people, docs/control.openapi.yaml for programs; a test holds the
// handler to the latter.
//
// # Trust
//
// The parent is not trusted with the enclave's secrets, and any pod of the node can
// open a connection to any enclave. So:
//
//   - The first bootstrap wins. It brings a token, which every later call must show.
//     A second bootstrap is refused and counted. A supervisor whose own bootstrap is
//     refused knows that a stranger was faster, and ends the enclave.
//   - What a bootstrap may set is limited by the policy in the measured image. What is
//     beyond it is refused as a whole, so that nothing is half applied.
//   - Every size is bounded, unknown fields are errors, and a slow reader of the logs
//     loses lines and never blocks the payload.
package control
