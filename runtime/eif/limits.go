package eif

// What is read into memory is bounded by these. Kernels and ramdisks are streamed.
const (
	// MaxCmdline is the longest command line: Linux cuts off the rest at
	// COMMAND_LINE_SIZE, 2048 with the final NUL on both architectures
	// (arch/x86/include/asm/setup.h, arch/arm64/include/uapi/asm/setup.h). The
	// hypervisor appends its virtio devices to it, so less is better.
	MaxCmdline = 2047
	// MaxMetadata is the largest metadata section. nitro-cli puts the output of
	// `docker inspect` there, some tens of KiB, and at most 4 KiB of the user's own.
	MaxMetadata = 1 << 20
	// MaxCertificate is the largest signing certificate as PEM. A P-521 certificate
	// takes about 1 KiB.
	MaxCertificate = 16 << 10
	// MaxSignature is the largest signature section: each byte of a certificate and a
	// signature takes at most two there.
	MaxSignature = 2*MaxCertificate + 8<<10
)
