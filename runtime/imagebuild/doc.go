// Package imagebuild makes an enclave image from a container image or a folder: what
// `chamber eif build` does. It neither needs Docker nor root, and the same inputs give
// the same bytes, wherever and whenever it runs.
//
// # What is in an image
//
// Two ramdisks, laid out as nitro-cli lays them out (aws-nitro-enclaves-image-format,
// yaml_generator.rs). The bootstrap one has the init and is part of PCR1 and PCR0. The
// customer one has the payload's files, command, environment, settings and policy and is
// part of PCR2 and PCR0. So a new version of the payload leaves PCR1 as it was.
//
// # What is in the metadata
//
// Metadata is not measured and is there for people. Its DockerInfo has the names of
// `docker inspect`, as nitro-cli writes it: the reference as it was given (RepoTags),
// what it was resolved to (RepoDigests) and the image's identity (Id). CustomMetadata has
// the SHA-256 of the other inputs ([Inputs]). The build time is the Unix epoch unless
// the caller says otherwise, and no path of the building machine is recorded.
package imagebuild
