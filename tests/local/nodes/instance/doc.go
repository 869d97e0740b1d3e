// Package instance models what an EC2 instance has after it has booted with a
// given user data: which CPUs are offline, which hugepages exist, what kubelet
// then reports.
//
// It is written from the behaviour of AWS's programs (the allocator of
// aws-nitro-enclaves-cli 1.5.0, the driver, nodeadm), not from this project's own
// arithmetic in runtime/capacity, and shares nothing with it but the shapes of
// instance types. When the two disagree, a pod of the local stack stays Pending
// and a test says so; that is the purpose.
package instance

// Shape is an instance type before anything is set aside.
type Shape struct {
	ARM            bool
	VCPUs          int
	ThreadsPerCore int
	NUMANodes      int
	MemoryMiB      int
	// MaxPods is from amazon-eks-ami's table; 0 is not in it.
	MaxPods int
}

// Machine is what a boot has made of the shape.
type Machine struct {
	Shape Shape
	// OfflineCPUs is the number of CPUs in the enclave pool.
	OfflineCPUs int
	// Pages are the numbers of hugepages by their size in KiB.
	Pages map[int]int
	// Refused says why nothing could be set aside. Empty when all is well, or
	// when nothing was asked for.
	Refused string
}
