// Package launch starts an enclave from an image, and watches it until it ends.
//
// There is one interface, [Launcher], and a package for each way: launch/nitro drives
// /dev/nitro_enclaves on a Nitro instance, launch/qemu boots the same image in QEMU's
// nitro-enclave machine, for laptops and CI. What is above sees no difference.
package launch
