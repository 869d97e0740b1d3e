// Package admin is the supervisor's own door: HTTP over a unix socket in the pod
// (contract.AdminSocket below contract.SocketsDir), for the preStop hook, for what
// answers as nitro-cli, and for who wants an attestation document. The image has no shell; `kubectl exec` starts the supervisor's
// binary again, and that one asks here.
//
// Only the supervisor's own user may connect. The mode of the socket says so, and the
// server asks the kernel who is at the other end.
package admin
