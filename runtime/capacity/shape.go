package capacity

import (
	"fmt"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/fault"
)

// Architecture is a processor architecture as EC2 spells it.
type Architecture string

// The architectures that Nitro Enclaves exist on.
const (
	X8664 Architecture = "x86_64"
	ARM64 Architecture = "arm64"
)

// leastVCPUs is the size from which EC2 permits an enclave: two cores, since one must
// stay with the host. The Nitro Enclaves User Guide says 4 vCPUs on x86_64 and 2 on
// Graviton; EC2's list also has x86_64 types with 2 vCPUs and no threads (m8a.large).
func (s Shape) leastVCPUs() int {
	if s.ThreadsPerCore == 1 {
		return 2
	}
	return 4
}

// No EC2 instance is near these; a larger number is a unit mistaken, and would
// overflow further on.
const (
	maxVCPUs     = 1 << 16
	maxMemoryMiB = 1 << 30
	maxMaxPods   = 1 << 16
)

// Shape is what an instance type has before anything is set aside.
type Shape struct {
	// InstanceType is EC2's name. It is used in messages, and to find a larger
	// type of the same family. May be empty.
	InstanceType string
	Architecture Architecture
	// VCPUs counts hardware threads, as EC2 does.
	VCPUs int
	// ThreadsPerCore is 2 with simultaneous multithreading, else 1.
	ThreadsPerCore int
	// NUMANodes divide VCPUs and MemoryMiB evenly. One enclave pool comes from
	// one of them; too high a number under-promises, too low over-promises.
	NUMANodes int
	// MemoryMiB is the memory that EC2 advertises, in MiB.
	MemoryMiB int
	// MaxPods is the pod limit from which nodeadm computes kubelet's reserved
	// memory: the number of the instance type in amazon-eks-ami's
	// eni-max-pods.txt, whatever limit kubelet itself is given. 0 means not
	// known; see PodLimit.
	MaxPods int
	// Refusal says why the type cannot be had or has no enclaves, where somebody
	// who knows, such as EC2, was asked: the rule of a fault, as a clause. The
	// numbers then only serve to find similar types. Empty for all other shapes.
	Refusal string
}

// PodLimit returns MaxPods. When that is 0 it returns what the table has for the
// instance type, or else the most that any type of that size has, and 110 at least,
// because more pods reserve more memory and a low number would promise too much.
func (s Shape) PodLimit() int {
	if s.MaxPods != 0 {
		return s.MaxPods
	}
	if _, size, listed := find(s.InstanceType); listed {
		return size.maxPods
	}
	return max(110, mostPods(s.VCPUs))
}

// Validate returns a fault.List when no enclave can run on the shape or its
// numbers contradict each other. The properties are instanceType and
// instanceShape.*.
func (s Shape) Validate() error {
	if rule := typeRule(s); rule != "" {
		var l fault.List
		l.Add(propertyType, s.InstanceType, rule, "use a type that supports them, such as "+suggestion(s))
		return l
	}
	return s.numberFaults().Err()
}

func (s Shape) numberFaults() fault.List {
	var l fault.List
	if s.Architecture != X8664 && s.Architecture != ARM64 {
		l.Add("instanceShape.architecture", string(s.Architecture), "must be an architecture with Nitro Enclaves", fmt.Sprintf("use %q or %q", X8664, ARM64))
	}
	threads := s.ThreadsPerCore == 1 || s.ThreadsPerCore == 2
	if !threads {
		l.Add("instanceShape.threadsPerCore", s.ThreadsPerCore, "must be 1 or 2", "use 2 for most x86_64 types, 1 for arm64")
	}
	s.addVCPUFaults(&l, threads)
	if s.MemoryMiB < 1 || s.MemoryMiB > maxMemoryMiB {
		l.Add("instanceShape.memoryMib", s.MemoryMiB, "must be the instance's memory in MiB", "use 16384 for 16 GiB")
	}
	if s.MaxPods < 0 || s.MaxPods > maxMaxPods {
		l.Add("instanceShape.maxPods", s.MaxPods, "must not be negative or absurdly large", "use 0 when it is not known")
	}
	return l
}

func (s Shape) addVCPUFaults(l *fault.List, threads bool) {
	least := s.leastVCPUs()
	if s.VCPUs < least || s.VCPUs > maxVCPUs {
		l.Add("instanceShape.vcpus", s.VCPUs, fmt.Sprintf("must be at least %d for Nitro Enclaves", least), fmt.Sprintf("use an instance type with %d vCPUs or more", least))
		return
	}
	if !threads {
		return
	}
	if s.VCPUs%s.ThreadsPerCore != 0 {
		l.Add("instanceShape.vcpus", s.VCPUs, fmt.Sprintf("must be a multiple of threadsPerCore (%d)", s.ThreadsPerCore), fmt.Sprintf("use %d", s.VCPUs+1))
		return
	}
	cores := s.VCPUs / s.ThreadsPerCore
	if s.NUMANodes < 1 || cores%s.NUMANodes != 0 {
		l.Add("instanceShape.numaNodes", s.NUMANodes, fmt.Sprintf("must divide the %d cores evenly", cores), fmt.Sprintf("use %d", nextDivisor(cores, s.NUMANodes)))
	}
}

// nextDivisor returns the smallest divisor of n that is not below from: more NUMA
// nodes can only promise less. Above n there is none, and it returns n.
func nextDivisor(n, from int) int {
	for d := max(1, from); d < n; d++ {
		if n%d == 0 {
			return d
		}
	}
	return n
}

// name is how messages speak of the shape.
func (s Shape) name() string {
	if s.InstanceType == "" {
		return "the instance"
	}
	return s.InstanceType
}
