// Package guest is PID 1 of the enclave: it boots, waits for the parent's bootstrap,
// starts the payload, connects it with the outside and ends the enclave after it.
// cmd/enclave-init is its program; docs/control-protocol.md is what it serves.
//
// # Order
//
//  1. File systems, the console, loopback, entropy from the security module.
//  2. The image's files are read: command, environment, settings, policy.
//  3. The root becomes the payload's. Nothing of the bootstrap ramdisk can be reached
//     any more.
//  4. Registers are read. The control channel listens, and the heartbeat tells so.
//  5. Bootstrap: checked as a whole against policy and limits, then applied. What is
//     refused has changed nothing. What fails later ends the enclave: a second try
//     could meet what the first has left.
//  6. The payload runs. When it ends its code is kept until it was asked for, for a
//     few seconds, and the machine restarts, which ends an enclave.
//
// # What is where
//
// Decisions are packages of their own, without system calls: policy, launch, clock.
// Those that need a kernel are thin (machine) or work without privileges in tests
// (process, files, logs, ingress). A [Guest] joins them.
package guest
