package components

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/capacity"
)

var _ infer.Annotated = (*InstanceShape)(nil)

// InstanceShape is what an EC2 instance type brings, in place of what EC2
// says: for whoever may not call DescribeInstanceTypes, or to correct NUMA nodes.
type InstanceShape struct {
	Architecture   pulumi.StringInput `pulumi:"architecture"`
	VCPUs          pulumi.IntInput    `pulumi:"vcpus"`
	ThreadsPerCore pulumi.IntInput    `pulumi:"threadsPerCore"`
	NUMANodes      pulumi.IntInput    `pulumi:"numaNodes,optional"`
	MemoryMiB      pulumi.IntInput    `pulumi:"memoryMib"`
	MaxPods        pulumi.IntInput    `pulumi:"maxPods,optional"`
}

// Annotate describes the type in the schema.
func (s *InstanceShape) Annotate(a infer.Annotator) {
	a.Describe(&s, "What an EC2 instance type brings, in place of what EC2 says: for whoever may not call DescribeInstanceTypes, or to correct the NUMA nodes, which EC2 does not publish.")
	a.Describe(&s.Architecture, "x86_64 or arm64.")
	a.Describe(&s.VCPUs, "Number of virtual CPUs.")
	a.Describe(&s.ThreadsPerCore, "2 with simultaneous multithreading, else 1.")
	a.Describe(&s.NUMANodes, "Number of NUMA nodes. Default 1. The CPUs and the memory of all enclaves of a node come from one of them.")
	a.Describe(&s.MemoryMiB, "Memory in MiB.")
	a.Describe(&s.MaxPods, "Highest number of pods of a node, from which kubelet's reserve is computed. Default: that of the instance type, or for an unknown one the most of any of its size.")
}

// output is the shape as plain values, or nil when none was given. A number that
// is missing is 0, which the sizing refuses.
func (s *InstanceShape) output() pulumi.Output {
	if s == nil {
		return pulumi.All().ApplyT(func([]any) *capacity.Shape { return nil })
	}
	return pulumi.All(
		stringOr(s.Architecture, ""), intOr(s.VCPUs, 0), intOr(s.ThreadsPerCore, 0),
		intOr(s.NUMANodes, 1), intOr(s.MemoryMiB, 0), intOr(s.MaxPods, 0),
	).ApplyT(func(v []any) *capacity.Shape {
		return &capacity.Shape{
			Architecture:   capacity.Architecture(v[0].(string)),
			VCPUs:          v[1].(int),
			ThreadsPerCore: v[2].(int),
			NUMANodes:      v[3].(int),
			MemoryMiB:      v[4].(int),
			MaxPods:        v[5].(int),
		}
	})
}
