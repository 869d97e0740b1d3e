// Package chamber puts together what a chamber's pod has, without AWS: the supervisor, as
// `make enclave-supervisor` builds it, a signed enclave image with the test signer, the
// emulator, the environment and the folders that ContainmentChamber registers, and AWS's
// services behind their names.
package chamber
