// Package report is what the guest of the boot tests tells them.
package report

// The ports of the guest's two connections.
const (
	// Port is the host's, on which it awaits one Report in JSON.
	Port = 9001
	// EchoPort is the guest's: it sends back what comes on one connection, and then
	// restarts the machine.
	EchoPort = 5005
)

// Report is what the guest sees of its machine when it starts.
type Report struct {
	// Release and CommandLine are /proc's, Args are the init's own arguments.
	Release, CommandLine string
	Args                 []string
	// UpSeconds is the time since the kernel started.
	UpSeconds float64
	// MemTotalKiB and MemFreeKiB are from /proc/meminfo.
	MemTotalKiB, MemFreeKiB int
	CPUs                    int
	// ContextID is the guest's own vsock address.
	ContextID uint32
	// RandomReady is true when the kernel's random numbers are seeded; RandomSource is
	// what feeds them.
	RandomReady  bool
	RandomSource string
	// UnixTime is the guest's clock.
	UnixTime int64
	// Application is the content of /rootfs/application, which the customer's ramdisk
	// brings.
	Application string
	Module      Module
	// Files are what the kernel has unpacked, in order of their paths.
	Files []File
}

// File is a file of the initial file system.
type File struct {
	Path     string
	Mode     uint32 // as in stat(2), with the type
	UID, GID uint32
	Links    uint64
	// Content is a link's target, or the SHA-256 of what a file holds, in hexadecimal.
	Content string
}

// Module is the answer of the security module to DescribeNSM, and to DescribePCR
// for some registers.
type Module struct {
	Digest  string
	MaxPCRs int
	// PCRs has a register's value in hex and whether it is locked.
	PCRs map[int]PCR
}

// PCR is a register of the security module.
type PCR struct {
	Value  string
	Locked bool
}
