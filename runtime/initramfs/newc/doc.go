// Package newc reads cpio archives in the "newc" form, of which enclave images' ramdisks
// are made, from people whom one does not trust.
//
// A [Reader] goes from header to header and never reads contents, so an archive of a GiB
// is listed with a few reads for each file. It holds one header at a time. Archives that
// follow one another in a file, with zeros between them, are read as one, as the kernel
// does (Documentation/driver-api/early-userspace/buffer-format.rst). Where the kernel
// would skip an entry in silence there is an error.
package newc
