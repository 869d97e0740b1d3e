// Package chamberimage makes the image of the chamber's pod as a release does, for nodes
// without Nitro: the supervisor, an enclave image with tests/signer in it, and below them
// the emulator that the supervisor boots it in. It is a test fixture: the signer is one,
// and QEMU protects nothing.
package chamberimage
