// Package initramfs writes the file trees of enclave images as cpio archives, in the
// "newc" form that the Linux kernel unpacks at boot. The same tree always gives the
// same bytes, because those bytes are measured.
//
// # What makes the bytes the same
//
// Entries are sorted by path, modification times are 0, inode and device numbers are
// ours, and a symbolic link's mode, which has no meaning on Linux, is 0777. Owners,
// permission bits (setuid, setgid and sticky ones too), link targets and contents are
// the source's.
//
// Of an image ([FromImage]) the owners and modes are part of its layers, so they are
// kept. A folder ([FromDirectory]) belongs to whoever made it, and its modes depend
// on a umask, so they are made uniform unless the caller asks for them.
//
// # Hard links
//
// The names of one file share an inode number and the count of names in every header.
// The contents come once, with the last name: the only order that both the kernel
// (init/initramfs.c, which opens a further name without truncating it) and GNU cpio
// (which puts empty names off until it has seen the contents) unpack. Writing copies
// instead would take the enclave's memory twice, since it unpacks into memory.
//
// # What cannot be carried
//
// Device nodes, pipes and sockets are refused: /dev of an enclave is the kernel's.
// Extended attributes, among them file capabilities, have no place in newc; the tree
// names the files that lost some ([Tree.Dropped]). A file must be below 4 GiB, since
// newc has 32 bits for its size.
//
// # Memory
//
// A tree holds names and attributes, never contents: those of a folder stay there, and
// those of an image go through a [Spool], a file that the caller places. An [Archive]
// is read as a stream. Hostile images are bounded in entries, names and bytes.
package initramfs
