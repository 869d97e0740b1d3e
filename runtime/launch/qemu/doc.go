//go:build linux

// Package qemu starts an enclave image in QEMU's nitro-enclave machine, for laptops and
// CI: neither Nitro nor KVM is needed, nor any right that a pod does not have. The host's
// end of the machine's vsock device is vhost-device-vsock, which joins it to unix
// sockets (transport.Hybrid).
//
// # What differs from Nitro
//
//   - It protects nothing. Who runs QEMU reads the enclave's memory, and its security
//     module signs attestation documents with zeros.
//   - The guest's parent has CID 2 and not 3. That is the CID from which the bootstrap
//     comes, so egress works; the heartbeat, which goes to CID 3, is dropped by
//     vhost-device-vsock and times out in the guest after 2 s, beside the rest of its
//     start. See Booted below.
//   - Debug mode opens the console and does nothing else: the machine knows no debug
//     mode, so the measurements are the image's and not zero.
//   - A half close of the parent's (CloseWrite) is a full one to the enclave, as of
//     vhost-device-vsock 0.3.0: what the enclave still had to send is lost.
//   - Every enclave has CID 4. That is no conflict, for each has a device of its own.
//   - A restart that was asked for, the end of the guest's init and a panic of its kernel
//     are one and the same to QEMU: the enclave has ended, and Err is nil.
//
// # Booted
//
// The sign of life is a connection to contract.PortControl, where our init listens just
// before it sends its heartbeat: it is tried again and again from the moment on at which
// the console says contract.GuestWaiting, or after 20 seconds. A heartbeat counts as well,
// should a device of another version bring one. Images with AWS's own init have no such
// port, and never count as booted here.
//
// # What the host needs
//
// The guest's memory is a memfd (memory-backend-memfd, which the machine makes by
// itself) of ordinary pages: shared memory of the pod, and all of it, because our kernel
// clears its memory when it starts. QEMU has some 80 MiB of its own, and up to 256 MiB
// more for the guest's translated code. While it starts, kernel and ramdisks are also in
// the enclave's folder below TempDir; the ramdisks stay there as long as it runs, in a file
// without a name. A preflight looks for that room. It needs no hugepages, device, network or
// capability, and a root file system that may be read-only. A sandbox of QEMU's own
// (-sandbox) is not asked for: QEMU has it only where it was built with libseccomp.
package qemu
