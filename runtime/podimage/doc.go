// Package podimage makes the image of the chamber's pod: the supervisor, the enclave
// image and its measurements, on nothing. It needs neither Docker nor root, and the same
// inputs give the same digest, wherever and whenever it runs.
//
// # What is in an image
//
// Three layers, in the order in which they change: what every such image has (users,
// folders, CA certificates), the supervisor, the enclave image. A new enclave image
// leaves the first two as they are in registries and on nodes. The [Plan] says it all;
// Dockerfile.nitro copies the same files, and a test compares the two.
//
// # What is attached to it
//
// A bill of materials (CycloneDX) and a provenance statement (in-toto, SLSA) refer to the
// image by its digest, as OCI 1.1 has it. They are not signed here: what they say is
// believed as far as the registry is, until somebody signs image and referrers.
package podimage
