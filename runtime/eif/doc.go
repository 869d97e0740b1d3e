// Package eif reads, builds, measures, signs and verifies enclave images: files in
// AWS's Enclave Image Format (EIF).
//
// # The format
//
// A header of 548 bytes holds a table of up to 32 sections; each section has a header
// of 12 bytes and its payload. All integers are big-endian. [Build] writes version 4
// in the order of AWS's writer: kernel, command line, metadata, ramdisks, signature.
// [Open] also reads versions 2, which has no signature, and 3, which has no metadata.
// A CRC-32 covers the file but for itself. The layout is that of the Rust crate
// aws-nitro-enclaves-image-format 0.8.1 (src/defs).
//
// # What is measured
//
// Only payloads, and neither the headers nor the metadata. With H = SHA-384 and Z = 48
// zero bytes:
//
//	PCR0 = H(Z || H(kernel || cmdline || all ramdisks))
//	PCR1 = H(Z || H(kernel || cmdline || first ramdisk))
//	PCR2 = H(Z || H(ramdisks after the first))
//	PCR8 = H(Z || H(signing certificate in DER)), of a signed image
//
// # Strictness
//
// Readers of this format disagree: AWS's walks the sections one after the other, QEMU
// follows the table of offsets. An image is accepted only if both see the same, so
// sections adjoin, in the order of the table, up to the end of the file, and reserved
// fields are zero. Nothing is allocated by a number from the file unless a constant
// bounds it; kernels and ramdisks are streamed and may have any size.
package eif
